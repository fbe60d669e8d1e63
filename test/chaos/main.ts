import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { query } from './invariants/evidence.js';
import { readOptions, USAGE, type Options } from './options.js';
import { reportSeed, summarize } from './report.js';
import { summarizePowerCuts } from './power-cuts/summarize.js';
import { runPowerCuts } from './power-cuts/run-power-cuts.js';
import { failedSeed, runSeed, type History, type SeedResult } from './run-seed.js';
import { ChaosSystem, emptyCluster } from './system/chaos-system.js';
import { Disk } from './system/disk.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** From one system's ports to the next one's. */
const STACK_DISTANCE = 100;

class Run {
  readonly results: SeedResult[] = [];
  /** What went wrong beside the seeds: something is left behind, or was not kept. */
  readonly problems: string[] = [];
  readonly #systems = new Set<ChaosSystem>();
  readonly #begun = performance.now();
  #next: number;
  #isEnding = false;

  constructor(
    private readonly options: Options,
    private readonly cluster: string,
    private readonly withDisks: boolean,
  ) {
    this.#next = options.from;
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1_000;
  }

  /** Runs seeds, as long as there are some, on systems that listen at an offset. */
  async lane(portOffset: number): Promise<void> {
    for (let seed = this.#take(); seed !== undefined; seed = this.#take()) {
      const system = new ChaosSystem(portOffset, this.cluster, this.withDisks);
      this.#systems.add(system);
      try {
        await this.#onOneSystem(system, seed);
      } finally {
        await this.#remove(system);
      }
    }
  }

  /** Begins no further seed, and takes all systems away at once. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([...this.#systems].map((system) => this.#remove(system)));
  }

  async #onOneSystem(system: ChaosSystem, first: number): Promise<void> {
    const history = await this.#start(system).catch((error: Error) => error);
    if (history instanceof Error) {
      await this.#note(system, failedSeed(first, `system did not start: ${history.message}`));
      return;
    }
    let seed: number | undefined = first;
    for (let run = 1; seed !== undefined; run++) {
      const current: number = seed;
      const running =
        this.options.powerCuts > 0
          ? runPowerCuts(system, history, current, this.options, say)
          : runSeed(system, history, current, this.options);
      const result = await running.catch((error: Error) =>
        failedSeed(current, `not judged: ${error.message}`),
      );
      await this.#note(system, result);
      // After that a message that is missing says nothing any more.
      if (result.violations.length > 0 || history.messagesWereLost) return;
      seed = run < this.options.seedsPerStack ? this.#take() : undefined;
    }
  }

  async #start(system: ChaosSystem): Promise<History> {
    await system.start();
    const stock = await query<{ id: string; pieces: number }>(
      system.stack,
      'inventory',
      'SELECT product_id AS id, on_hand AS pieces FROM stock',
    );
    return {
      accepted: new Map(),
      initial: new Map(stock.map(({ id, pieces }) => [id, pieces])),
      messagesWereLost: false,
      restored: new Set(),
    };
  }

  /** Tells of a seed, and keeps what there is when it was not good. */
  async #note(system: ChaosSystem, result: SeedResult): Promise<void> {
    // What fails while everything is taken away says nothing about the seed.
    if (this.#isEnding) return;
    this.results.push(result);
    say(reportSeed(result, this.options.kinds));
    if (result.violations.length === 0) return;
    const folder = join(this.options.keep, `seed-${result.seed}`);
    try {
      await rm(folder, { recursive: true, force: true });
      if (await system.keep(folder)) say(`  its data and logs: ${folder}`);
    } catch (error) {
      this.#failed(`seed ${result.seed} was not kept: ${(error as Error).message}`);
    }
  }

  async #remove(system: ChaosSystem): Promise<void> {
    try {
      await system.remove();
    } catch (error) {
      this.#failed(`left behind: ${(error as Error).message}`);
    }
    this.#systems.delete(system);
  }

  #failed(problem: string): void {
    this.problems.push(problem);
    say(problem);
  }

  #take(): number | undefined {
    const { from, seeds, minutes } = this.options;
    if (this.#isEnding || this.#next >= from + seeds || this.seconds >= minutes * 60) return undefined;
    return this.#next++;
  }
}

async function chaos(options: Options): Promise<boolean> {
  const withDisks = await Disk.isPossible();
  if (!withDisks) say('No small disk can be mounted here (that takes root): disk-full is skipped.');
  const cluster = await emptyCluster();
  const run = new Run(options, cluster, withDisks);
  const removeAll = async (): Promise<void> => {
    await run.end();
    await rm(dirname(cluster), { recursive: true, force: true });
  };
  let isInterrupted = false;
  const interrupt = (why: string, exitCode: number): void => {
    if (isInterrupted) return;
    isInterrupted = true;
    say(`\n${why}: removing all systems …`);
    void removeAll().finally(() => {
      say(`${run.results.length} seeds were run.`);
      process.exit(exitCode);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupt(signal, 128 + constants.signals[signal]));
  process.on('uncaughtException', (error) => interrupt(error.stack ?? error.message, 1));
  try {
    const lanes = Array.from({ length: Math.min(options.stacks, options.seeds) }, (_, lane) =>
      run.lane(options.portOffset + lane * STACK_DISTANCE),
    );
    await Promise.all(lanes);
    const { text, good } =
      options.powerCuts > 0
        ? summarizePowerCuts(run.results, run.seconds, options.powerCuts)
        : summarize(run.results, run.seconds, options);
    say(`\n${text}`);
    for (const problem of run.problems) say(problem);
    return good && run.problems.length === 0;
  } finally {
    if (!isInterrupted) await removeAll();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else {
    const good = await chaos(options);
    process.exit(good ? 0 : 1);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}
