import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A program of the operating system that is needed and not there; the message names the Debian package. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError';
}

/** Programs that Apache Kafka needs, how to ask whether they work, and the Debian packages they are in. */
export const kafkaPrograms = [
  { program: 'java', versionOption: '-version', debianPackage: 'default-jre-headless' },
  { program: 'mvn', versionOption: '--version', debianPackage: 'maven' },
] as const;

export interface NeededProgram {
  readonly program: string;
  readonly versionOption: string;
  readonly debianPackage: string;
}

/** @throws MissingProgramError for those that cannot be run */
export function requirePrograms(needed: readonly NeededProgram[]): void {
  const missing = needed.filter(
    ({ program, versionOption }) => spawnSync(program, [versionOption]).status !== 0,
  );
  if (missing.length === 0) return;
  const programs = missing.map(({ program }) => program).join(', ');
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ');
  throw new MissingProgramError(`Not installed: ${programs}. On Debian: apt-get install ${packages}`);
}

/** Runs a program to its end. Rejects with what it printed when it fails. */
export async function runProgram(program: string, options: readonly string[]): Promise<string> {
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  if (status !== 0) throw new Error(`${program} failed with ${status}:\n${output}${errors}`);
  return output;
}
