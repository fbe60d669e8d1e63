import { Process } from './schedule/scheduler.js';
import { Bugs } from './services/bugs.js';
import { startInventory } from './services/inventory/inventory-program.js';
import { startOrder } from './services/order/order-program.js';
import { startPayment } from './services/payment/payment-program.js';
import { Program } from './services/program.js';
import { startShipping } from './services/shipping/shipping-program.js';
import type { ServiceName, World } from './world.js';

const PROGRAMS: Readonly<Record<ServiceName, (program: Program) => void>> = {
  order: startOrder,
  inventory: startInventory,
  payment: startPayment,
  shipping: startShipping,
};
/** Most milliseconds until a process that died is started again. */
const RESTART = 20_000;
/** Milliseconds that a process has to stop. */
const GRACE = 10_000;
/** Most milliseconds for which a process is cut off, where it is not for as long as it lives. */
const CUT_OFF = 120_000;

/** The processes of all services: one or two of each, started again when they die. */
export class Fleet {
  readonly running: Process[] = [];
  readonly #programs = new Map<Process, Program>();
  readonly #bugs: Bugs;
  #expected = 0;

  constructor(private readonly world: World) {
    this.#bugs = new Bugs(world);
    for (const { name } of world.services) {
      const replicas = world.random.chance(0.25) ? 2 : 1;
      for (let replica = 1; replica <= replicas; replica++) {
        this.#expected++;
        this.#start(name, `${name} ${replica}`);
      }
    }
  }

  get isWhole(): boolean {
    return this.running.length === this.#expected;
  }

  /** One of the processes dies, whatever it is about to do. */
  crash(): void {
    const process = this.#takeOne();
    if (process) this.#kill(process);
  }

  /** One of the processes is asked to stop, as in a deployment, and is killed when that takes it too long. */
  stop(): void {
    const process = this.#takeOne();
    const program = process && this.#programs.get(process);
    if (!program) return;
    const { scheduler } = this.world;
    scheduler.trace.add(process.name, 'STOPS');
    process.isStopping = true;
    const cancel = scheduler.after(undefined, GRACE, `${process.name} is killed`, () => {
      process.isStopping = false;
      this.#kill(process);
    });
    const stopped = program.stop().then(() => {
      cancel();
      this.#end(process);
    });
    this.world.watch(stopped);
  }

  #takeOne(): Process | undefined {
    if (this.running.length === 0) return undefined;
    const process = this.world.random.pick(this.running);
    this.running.splice(this.running.indexOf(process), 1);
    return process;
  }

  #kill(process: Process): void {
    this.world.hasKilled = true;
    this.world.scheduler.trace.add(process.name, 'DIES');
    this.#end(process);
  }

  #end(process: Process): void {
    const { random, scheduler } = this.world;
    process.crash();
    this.#programs.delete(process);
    const [service] = process.name.split(' ') as [ServiceName];
    scheduler.after(undefined, random.below(RESTART), `${process.name} is started again`, () =>
      this.#start(service, process.name),
    );
  }

  /** A process no longer reaches a broker that another one of its service reaches: for a while, or until it ends. */
  cutOff(): void {
    const { cutOffs, random, scheduler, services } = this.world;
    const service = random.pick(services);
    const processes = this.running.filter(({ name }) => name.startsWith(`${service.name} `));
    if (processes.length < 2 || processes.some((process) => cutOffs.isCut(process))) return;
    const process = random.pick(processes);
    const broker = random.pick(service.brokers);
    cutOffs.cut(process, broker);
    scheduler.trace.add(process.name, `no longer reaches ${broker}`);
    if (random.chance(0.5))
      scheduler.after(undefined, random.below(CUT_OFF), `${process.name} reaches ${broker} again`, () =>
        cutOffs.heal(process),
      );
  }

  #start(name: ServiceName, processName: string): void {
    const { world } = this;
    const process = new Process(processName, world.scheduler);
    this.running.push(process);
    const program = new Program(world, process, world[name], this.#bugs);
    this.#programs.set(process, program);
    PROGRAMS[name](program);
  }
}
