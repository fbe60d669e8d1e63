import type { Broker } from '@orderbridge/contracts';
import type { DataSource } from 'typeorm';
import type { Client, PoolClient } from 'pg';
import { backoffDelay } from '../retry/backoff.js';
import type { Candidacy, Candidate } from '../store/message-store.js';
import { SYSTEM_CLOCK } from '../time/clock.js';

/**
 * The advisory locks of a service's lanes; each service has its own database, so the numbers may be the same. Kafka's is
 * the one by which versions with one lead for all lanes elect it: while a service is brought from such a version to this
 * one, at most messages to IBM MQ have two leaders, and go out twice.
 */
const LOCKS: Readonly<Record<Broker, number>> = { kafka: 0x6f75_7462, 'ibm-mq': 0x6f75_7463 };
/** Every process that stands for a lane, or leads it, shares the lock of this class and the lane's number. */
const STANDING = 0x7374_616e;
export const OUTBOX_CHANNEL = 'outbox';

/** How often a replica that does not lead asks for the lead, in milliseconds. */
const CANDIDACY = 1_000;
/** Milliseconds without a sign of life after which leader and server take each other for lost. */
const LEASE = 10_000;
/** Milliseconds for which a process that gave the lead up does not stand: others that ask meanwhile win. */
const STEP_BACK = 5_000;
const RETRY = { initial: 100, max: 5_000 };

const OTHERS_STAND = `SELECT count(*) > 0 AS stand FROM pg_locks
  WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND objid = $2::bigint::oid AND objsubid = 2 AND granted
    AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/**
 * Makes one process of a service the leader of a broker's lane, by a PostgreSQL advisory lock on a connection of its own.
 * When that connection breaks the lead is given up. A connection may also be gone on one side only, as when a machine
 * loses its power: so the leader gives signs of life, and when these end for the time of the lease the server ends the
 * session, and with it the lock, and the leader gives up. For a moment two processes may then think that they lead; the
 * outbox bears that: a message may go out twice, the first copies still in order.
 */
export class Leadership implements Candidacy {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly broker: Broker,
    private readonly candidate: Candidate,
    private readonly lease = LEASE,
    private readonly stepBack = STEP_BACK,
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
        const gaveUp = await this.#connected(() => (failures = 0));
        if (gaveUp) await this.#sleep(this.stepBack);
      } catch (error) {
        failures++;
        this.candidate.failed(error as Error, failures);
        await this.#sleep(backoffDelay(failures, RETRY));
      }
    }
  }

  /** Resolves at the stop, or with true when the lead was given up for another. */
  async #connected(succeeded: () => void): Promise<boolean> {
    const lock = LOCKS[this.broker];
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
      await client.query(
        `SET idle_session_timeout = ${this.lease}; LISTEN ${OUTBOX_CHANNEL};
         SELECT pg_advisory_lock_shared(${STANDING}, ${lock})`,
      );
      let gaveUp = false;
      while (!signal.aborted && !gaveUp) {
        const { rows } = await client.query<{ locked: boolean }>(
          'SELECT pg_try_advisory_lock($1) AS locked',
          [lock],
        );
        succeeded();
        if (rows[0]?.locked) gaveUp = await this.#lead(client, signal, lose);
        else await this.#sleep(Math.min(CANDIDACY, this.lease / 3));
      }
      if (lost.signal.aborted) throw new Error('The connection that holds the lead was lost.');
      await client.query(
        `SELECT pg_advisory_unlock_all(); UNLISTEN ${OUTBOX_CHANNEL}; RESET idle_session_timeout`,
      );
      return gaveUp;
    } finally {
      client?.off('notification', notified);
      client?.off('error', lose);
      client?.off('end', lose);
      await runner.release();
    }
  }

  /** Resolves when the lead has ended, with whether it was given up for another. */
  async #lead(client: PoolClient, signal: AbortSignal, lose: () => void): Promise<boolean> {
    let alive = performance.now();
    const gaveUp = new AbortController();
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
      await this.candidate.lead({
        signal: AbortSignal.any([signal, gaveUp.signal]),
        // A connection that is lost, and the lead with it, tells so by itself.
        giveUp: () => void this.#giveUp(client, gaveUp).catch(() => undefined),
      });
    } finally {
      clearInterval(beating);
    }
    return gaveUp.signal.aborted;
  }

  /** The lock is free at once, and not only when the candidate has finished: a publish may hang for long. */
  async #giveUp(client: PoolClient, gaveUp: AbortController): Promise<void> {
    const lock = LOCKS[this.broker];
    const { rows } = await client.query<{ stand: boolean }>(OTHERS_STAND, [STANDING, lock]);
    if (!rows[0]?.stand || gaveUp.signal.aborted) return;
    gaveUp.abort();
    await client.query(`SELECT pg_advisory_unlock(${lock}), pg_advisory_unlock_shared(${STANDING}, ${lock})`);
  }

  async #sleep(milliseconds: number): Promise<void> {
    await SYSTEM_CLOCK.sleep(milliseconds, this.#stopping.signal);
  }
}
