import { setTimeout as sleep } from 'node:timers/promises';
import type { ReconcileClient, Report } from './reconcile-client.js';

type Client = Pick<ReconcileClient, 'name' | 'start' | 'report'>;

export interface Waiting {
  /** Milliseconds for which nothing may change: repairs follow answers that come after a run. */
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly pollMs?: number;
}

/**
 * Starts a run of each service and waits until all are finished and nothing changes any more. A service that does not
 * answer, or cannot compare a page, is waited for; `say` is told of it once.
 *
 * @returns the last reports, by service.
 * @throws Error with a line for the user when a run cannot be started, or after the time-out; the runs go on.
 */
export async function reconcile(
  clients: readonly Client[],
  all: boolean,
  { settleMs, timeoutMs, pollMs = 500 }: Waiting,
  say: (line: string) => void,
): Promise<Map<string, Report>> {
  // All or none: what order reports is what the others repair by.
  for (const client of clients) await client.report();
  for (const client of clients)
    if (!(await client.start(all))) say(`${client.name}: a run was in progress; waiting for that one.`);
  const problems = new Map<string, string>();
  const begun = performance.now();
  let seen = '';
  let unchangedSince = begun;
  for (;;) {
    const reports = new Map<string, Report>();
    for (const client of clients) {
      const report = await client.report().catch((error: Error) => ({ error: error.message }));
      if ('status' in report) reports.set(client.name, report);
      const { error } = report;
      if (error !== undefined && problems.get(client.name) !== error)
        say(`${client.name}: waiting: ${error}`);
      if (error !== undefined) problems.set(client.name, error);
    }
    const finished = clients.every(({ name }) => reports.get(name)?.status === 'finished');
    const state = finished ? JSON.stringify([...reports]) : '';
    const now = performance.now();
    if (state === '' || state !== seen) unchangedSince = now;
    seen = state;
    if (finished && now - unchangedSince >= settleMs) return reports;
    if (now - begun > timeoutMs)
      throw new Error('Not finished in time. The runs go on; call this again to wait for them.');
    await sleep(pollMs);
  }
}
