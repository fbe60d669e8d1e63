import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from '@orderbridge/running-stack';
import pg from 'pg';

/** How often data was forced to disk so far, by process. */
export async function diskSyncs(stack: RunningStack): Promise<Record<'postgres' | 'kafka' | 'mq', number>> {
  const client = new pg.Client({ connectionString: stack.database('postgres') });
  await client.connect();
  const { rows } = await client.query<{ fsyncs: string }>(
    `SELECT coalesce(sum(fsyncs), 0) AS fsyncs FROM pg_stat_io WHERE object = 'wal'`,
  );
  await client.end();
  return {
    postgres: Number(rows[0]?.fsyncs),
    kafka: await syncsOfBroker(stack, 'kafka'),
    mq: await syncsOfBroker(stack, 'mq'),
  };
}

/** The stand-ins print their counters at SIGUSR2. */
async function syncsOfBroker(stack: RunningStack, name: 'kafka' | 'mq'): Promise<number> {
  const log = join(stack.data, 'logs', `${name}.log`);
  const counters = async (): Promise<string[]> =>
    (await readFile(log, 'utf8')).match(/^\{.*"syncs":\d+.*\}$/gm) ?? [];
  const before = (await counters()).length;
  process.kill(await stack.pid(name), 'SIGUSR2');
  for (;;) {
    const lines = await counters();
    if (lines.length > before) return (JSON.parse(lines.at(-1) as string) as { syncs: number }).syncs;
    await sleep(10);
  }
}
