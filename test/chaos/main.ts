import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { query } from './invariants/evidence.js';
import { readOptions, USAGE, type Options } from './options.js';
import { reportSeed, summarize } from './report.js';
import { runSeed, type History, type SeedResult } from './run-seed.js';
import { ChaosSystem, emptyCluster } from './system/chaos-system.js';
import { Disk } from './system/disk.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** From one system's ports to the next one's. */
const STACK_DISTANCE = 100;

class Run {
  readonly results: SeedResult[] = [];
  readonly #begun = performance.now();
  #next: number;

  constructor(
    private readonly options: Options,
    private readonly cluster: string,
  ) {
    this.#next = options.from;
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1_000;
  }

  /** Runs seeds, as long as there are some, on systems that listen at an offset. */
  async lane(portOffset: number): Promise<void> {
    for (let seed = this.#take(); seed !== undefined; seed = this.#take()) {
      const system = await ChaosSystem.start(portOffset, this.cluster);
      try {
        await this.#onOneSystem(system, seed);
      } finally {
        await system.remove();
      }
    }
  }

  async #onOneSystem(system: ChaosSystem, first: number): Promise<void> {
    const stock = await query<{ id: string; pieces: number }>(
      system.stack,
      'inventory',
      'SELECT product_id AS id, on_hand AS pieces FROM stock',
    );
    const history: History = {
      accepted: new Map(),
      initial: new Map(stock.map(({ id, pieces }) => [id, pieces])),
    };
    let seed: number | undefined = first;
    for (let run = 1; seed !== undefined; run++) {
      const result = await runSeed(system, history, seed, this.options.rate);
      this.results.push(result);
      say(reportSeed(result));
      if (result.violations.length > 0) {
        const folder = join(this.options.keep, `seed-${seed}`);
        await rm(folder, { recursive: true, force: true });
        await system.keep(folder);
        say(`  its data and logs: ${folder}`);
        return;
      }
      seed = run < this.options.seedsPerStack ? this.#take() : undefined;
    }
  }

  #take(): number | undefined {
    const { from, seeds, minutes } = this.options;
    if (this.#next >= from + seeds || this.seconds >= minutes * 60) return undefined;
    return this.#next++;
  }
}

async function chaos(options: Options): Promise<boolean> {
  if (!Disk.possible) say('Without root no disk can be filled; disk-full does not happen.');
  const cluster = await emptyCluster();
  try {
    const run = new Run(options, cluster);
    const lanes = Array.from({ length: Math.min(options.stacks, options.seeds) }, (_, lane) =>
      run.lane(options.portOffset + lane * STACK_DISTANCE),
    );
    await Promise.all(lanes);
    const { text, good } = summarize(run.results, run.seconds);
    say(`\n${text}`);
    return good;
  } finally {
    await rm(dirname(cluster), { recursive: true, force: true });
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else process.exit((await chaos(options)) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}
