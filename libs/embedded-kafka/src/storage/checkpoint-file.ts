import { join } from 'node:path';
import { readIfPresent, replaceFile } from './files.js';
import { StorageError } from './storage-error.js';

const fileName = 'checkpoint.json';
const format = 1;

/** All state at one moment. What happened later is in the journal, from `generation` on. */
export interface Checkpoint {
  readonly generation: number;
  /** Snapshots by the name of the state they belong to. */
  readonly states: Readonly<Record<string, unknown>>;
}

/** The last complete checkpoint of a data folder; undefined in a new one. */
export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const file = await readIfPresent(join(folder, fileName));
  if (file === undefined) return undefined;
  const content = parse(file.toString(), folder);
  if (content.format !== format) {
    throw new StorageError(`${folder} was written by another version (format ${content.format})`);
  }
  return content;
}

/** Replaces the checkpoint in one step: after a crash either the old one or the new one is there. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await replaceFile(folder, fileName, JSON.stringify({ format, ...checkpoint }));
}

function parse(text: string, folder: string): Checkpoint & { format: number } {
  try {
    return JSON.parse(text) as Checkpoint & { format: number };
  } catch (error) {
    throw new StorageError(`${join(folder, fileName)} is damaged`, error);
  }
}
