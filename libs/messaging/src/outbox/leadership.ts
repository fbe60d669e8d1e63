import type { DataSource } from 'typeorm';
import type { Client, PoolClient } from 'pg';
import { backoffDelay } from '../retry/backoff.js';
import type { Candidacy, Candidate } from '../store/message-store.js';
import { SYSTEM_CLOCK } from '../time/clock.js';

/** The advisory lock of a service's relay; each service has its own database, so the number may be the same. */
const LOCK = 0x6f75_7462;
export const OUTBOX_CHANNEL = 'outbox';

/** How often a replica that does not lead asks for the lead, in milliseconds. */
const CANDIDACY = 1_000;
/** Milliseconds without a sign of life after which leader and server take each other for lost. */
const LEASE = 10_000;
const RETRY = { initial: 100, max: 5_000 };

/**
 * Makes one process of a service the leader, by a PostgreSQL advisory lock on a connection of its own. When that
 * connection breaks the lead is given up. A connection may also be gone on one side only, as when a machine loses its
 * power: so the leader gives signs of life, and when these end for the time of the lease the server ends the session,
 * and with it the lock, and the leader gives up. For a moment two processes may then think that they lead; the outbox
 * bears that: a message may go out twice, the first copies still in order.
 */
export class Leadership implements Candidacy {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly candidate: Candidate,
    private readonly lease = LEASE,
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
      await client.query(`SET idle_session_timeout = ${this.lease}; LISTEN ${OUTBOX_CHANNEL}`);
      while (!signal.aborted) {
        const { rows } = await client.query<{ locked: boolean }>(
          'SELECT pg_try_advisory_lock($1) AS locked',
          [LOCK],
        );
        succeeded();
        if (rows[0]?.locked) await this.#lead(client, signal, lose);
        else await this.#sleep(Math.min(CANDIDACY, this.lease / 3));
      }
      if (lost.signal.aborted) throw new Error('The connection that holds the lead was lost.');
      await client.query(
        `SELECT pg_advisory_unlock_all(); UNLISTEN ${OUTBOX_CHANNEL}; RESET idle_session_timeout`,
      );
    } finally {
      client?.off('notification', notified);
      client?.off('error', lose);
      client?.off('end', lose);
      await runner.release();
    }
  }

  async #lead(client: PoolClient, signal: AbortSignal, lose: () => void): Promise<void> {
    let alive = performance.now();
    const beating = setInterval(() => {
      if (performance.now() - alive > this.lease) {
        lose();
        // The pool takes no client back that is ending. Its server may never hear of it.
        void (client as unknown as Client).end().catch(() => undefined);
        return;
      }
      client.query('SELECT').then(
        () => (alive = performance.now()),
        // The connection tells by itself that it is lost.
        () => undefined,
      );
    }, this.lease / 3);
    try {
      await this.candidate.lead(signal);
    } finally {
      clearInterval(beating);
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    await SYSTEM_CLOCK.sleep(milliseconds, this.#stopping.signal);
  }
}
