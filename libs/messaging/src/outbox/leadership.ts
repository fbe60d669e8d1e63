import type { DataSource } from 'typeorm';
import type { PoolClient } from 'pg';
import { backoffDelay } from '../retry/backoff.js';
import type { Candidacy, Candidate } from '../store/message-store.js';
import { SYSTEM_CLOCK } from '../time/clock.js';

/** The advisory lock of a service's relay; each service has its own database, so the number may be the same. */
const LOCK = 0x6f75_7462;
export const OUTBOX_CHANNEL = 'outbox';

/** How often a replica that does not lead asks for the lead, in milliseconds. */
const CANDIDACY = 1_000;
const RETRY = { initial: 100, max: 5_000 };

/**
 * Makes one process of a service the leader, by a PostgreSQL advisory lock on a connection of its own. When that
 * connection breaks the lead is given up. For a moment two processes may then think that they lead; the outbox
 * bears that: a message may go out twice, the first copies still in order.
 */
export class Leadership implements Candidacy {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly candidate: Candidate,
  ) {}

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#connected(() => (failures = 0));
      } catch (error) {
        failures++;
        this.candidate.failed(error as Error, failures);
        await this.#sleep(backoffDelay(failures, RETRY));
      }
    }
  }

  async #connected(succeeded: () => void): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const lost = new AbortController();
    const lose = (): void => lost.abort();
    const notified = (): void => this.candidate.notified();
    let client: PoolClient | undefined;
    try {
      client = (await runner.connect()) as PoolClient;
      client.on('notification', notified);
      client.on('error', lose);
      client.on('end', lose);
      const signal = AbortSignal.any([lost.signal, this.#stopping.signal]);
      await client.query(`LISTEN ${OUTBOX_CHANNEL}`);
      while (!signal.aborted) {
        const { rows } = await client.query<{ locked: boolean }>(
          'SELECT pg_try_advisory_lock($1) AS locked',
          [LOCK],
        );
        succeeded();
        if (rows[0]?.locked) await this.candidate.lead(signal);
        else await this.#sleep(CANDIDACY);
      }
      if (lost.signal.aborted) throw new Error('The connection that holds the lead was lost.');
      await client.query(`SELECT pg_advisory_unlock_all(); UNLISTEN ${OUTBOX_CHANNEL}`);
    } finally {
      client?.off('notification', notified);
      client?.off('error', lose);
      client?.off('end', lose);
      await runner.release();
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    await SYSTEM_CLOCK.sleep(milliseconds, this.#stopping.signal);
  }
}
