import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import type { HostileRecord } from '../plan/fault.js';
import type { ChaosSystem } from './chaos-system.js';
import { compiled } from './compiled.js';

const run = promisify(execFile);

/** Milliseconds within which Kafka has to be there, and between attempts. */
const PATIENCE = 60_000;
const PAUSE = 200;
const PROGRAM = compiled(import.meta.url, '../load/hostile-record.js');

/** Deletes a topic with everything on it; resolves with whether there was one. */
export function deleteTopic(system: ChaosSystem, topic: string): Promise<boolean> {
  return untilDone(async () => {
    const admin = new kafkajs.Kafka({
      brokers: [system.stack.kafka],
      clientId: 'chaos',
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    try {
      if (!(await admin.listTopics()).includes(topic)) return false;
      await admin.deleteTopics({ topics: [topic] });
      return true;
    } finally {
      await admin.disconnect();
    }
  });
}

/**
 * Puts a record on a topic that other producers may put there; resolves with its id, undefined where none can be read from
 * it.
 */
export function putHostileRecord(system: ChaosSystem, record: HostileRecord): Promise<string | undefined> {
  return untilDone(async () => {
    const { stdout } = await run(process.execPath, [PROGRAM, system.stack.kafka, record]);
    return stdout.trim() || undefined;
  });
}

async function untilDone<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const end = performance.now() + PATIENCE; ; await sleep(PAUSE)) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}
