import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { transformSync } from '@swc/core';

const PACKAGE = fileURLToPath(new URL('../', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** Compiles the package for plain Node.js; @returns the path of its command */
export function compileCommand(): string {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-mq-command-'));
  mkdirSync(join(folder, 'src'));
  cpSync(join(PACKAGE, 'native'), join(folder, 'native'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of readdirSync(join(PACKAGE, 'src')).filter((file) => /(?<!spec)\.ts$/.test(file))) {
    const { code } = transformSync(readFileSync(join(PACKAGE, 'src', name), 'utf8'), {
      filename: name,
      swcrc: false,
      configFile: false,
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    writeFileSync(join(folder, 'src', name.replace(/\.ts$/, '.js')), code);
  }
  return join(folder, 'src', 'cli.js');
}

interface Ready {
  port: number;
  env: Record<string, string>;
}

/** The command in a process of its own, so that it can be killed. */
export class QueueManagerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly env: Readonly<Record<string, string>>,
    /** What it has printed on standard output. */
    readonly output: () => string,
  ) {}

  /** @throws with what it printed when it exits instead of listening */
  static async start(command: string, args: readonly string[]): Promise<QueueManagerProcess> {
    const cache = join(tmpdir(), `orderbridge-embedded-mq-${process.getuid?.() ?? 0}`);
    const child = fork(command, ['--cache', cache, ...args], {
      cwd: REPOSITORY,
      stdio: 'pipe',
      execArgv: [],
    });
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const ready = await Promise.race([
      once(child, 'message').then(([message]) => message as Ready),
      once(child, 'exit').then(([code]) => {
        throw new Error(`exit code ${code}: ${printed}`);
      }),
    ]);
    return new QueueManagerProcess(child, ready.port, ready.env, () => printed);
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** @returns the exit code */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = await exited;
    return code as number | null;
  }

  /** Closes the IPC channel, as when the parent goes away. @returns the exit code */
  async orphan(): Promise<number | null> {
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    const [code] = await exited;
    return code as number | null;
  }
}
