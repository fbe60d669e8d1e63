import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { KafkaBrokerOptions } from '../src/index.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const repositoryFolder = join(packageFolder, '../..');

export interface BrokerProcess {
  readonly process: ChildProcess;
  readonly port: number;
  /** Ends it as a power failure of the process would; resolves when it is gone. */
  kill(): Promise<void>;
}

/** This package compiled to a folder of its own, so that brokers can be started as processes and killed. */
export class CompiledBroker {
  private readonly folder = mkdtempSync(join(tmpdir(), 'embedded-kafka-compiled-'));
  private readonly processes = new Set<ChildProcess>();

  constructor() {
    const require = createRequire(import.meta.url);
    const compiler = join(require.resolve('@swc/cli/package.json'), '../bin/swc.js');
    const { status, stderr } = spawnSync(
      process.execPath,
      [compiler, 'libs/embedded-kafka', '--out-dir', this.folder, '--quiet', '--ignore', '**/*.spec.ts'],
      { cwd: repositoryFolder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    writeFileSync(join(this.folder, 'package.json'), '{"type":"module"}');
  }

  get commandPath(): string {
    return join(this.folder, 'libs/embedded-kafka/src/cli.js');
  }

  /** Starts a broker process and waits until it listens. Its log goes to this process's unless it is to be ignored. */
  async start(options: KafkaBrokerOptions, log: 'inherit' | 'ignore' = 'inherit'): Promise<BrokerProcess> {
    const script = join(this.folder, 'libs/embedded-kafka/test-support/broker-process.js');
    const child = spawn(process.execPath, [script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', log],
    });
    this.processes.add(child);
    const lines = createInterface(child.stdout);
    const [line] = (await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`The broker exited with ${code}.`);
      }),
    ])) as [string];
    return { process: child, port: Number(line), kill: () => this.kill(child) };
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.processes].map((child) => this.kill(child)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async kill(child: ChildProcess): Promise<void> {
    this.processes.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
