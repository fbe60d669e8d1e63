import type { Connection } from './connection.js';
import { ConnectionPool } from './connection-pool.js';

class FakeConnection {
  readonly losing = new AbortController();
  readonly lost = this.losing.signal;
  closed = false;

  close(): void {
    this.closed = true;
  }
}

let made: FakeConnection[];
let pool: ConnectionPool;
beforeEach(() => {
  made = [];
  pool = new ConnectionPool(2, () => {
    const connection = new FakeConnection();
    made.push(connection);
    return Promise.resolve(connection as unknown as Connection);
  });
});

const never = new AbortController().signal;

test('connections are made when needed and lent again, the last one first', async () => {
  const first = await pool.acquire(never);
  pool.release(first);
  expect(await pool.acquire(never)).toBe(first);
  const second = await pool.acquire(never);
  expect(made).toHaveLength(2);
  pool.release(first);
  pool.release(second);
  expect(pool.acquireIdle()).toBe(second);
});

test('who comes when all are lent waits for the first that is given back', async () => {
  const first = await pool.acquire(never);
  await pool.acquire(never);
  expect(pool.acquireIdle()).toBeUndefined();
  const waiting = pool.acquire(never);
  pool.release(first);
  expect(await waiting).toBe(first);
});

test('waiting ends with the signal, and leaves the place to others', async () => {
  const first = await pool.acquire(never);
  await pool.acquire(never);
  const impatient = new AbortController();
  const given = pool.acquire(impatient.signal);
  const patient = pool.acquire(never);
  impatient.abort(new Error('too long'));
  await expect(given).rejects.toThrow('too long');
  pool.release(first);
  expect(await patient).toBe(first);
});

test('a lost connection is closed and replaced', async () => {
  const first = await pool.acquire(never);
  made[0]?.losing.abort();
  pool.release(first);
  expect(await pool.acquire(never)).not.toBe(first);
  expect(made[0]?.closed).toBe(true);
});

test('a connection that cannot be made leaves its place to the next', async () => {
  const failing = new ConnectionPool(1, () => Promise.reject(new Error('away')));
  await expect(failing.acquire(never)).rejects.toThrow('away');
  await expect(failing.acquire(never)).rejects.toThrow('away');
});

test('closing waits for what is lent, and closes all', async () => {
  const [idle, lent] = [await pool.acquire(never), await pool.acquire(never)];
  pool.release(idle);
  let closed = false;
  const closing = pool.close().then(() => (closed = true));
  await Promise.resolve();
  expect(closed).toBe(false);
  pool.release(lent);
  await closing;
  expect(made.map((connection) => connection.closed)).toEqual([true, true]);
  await expect(pool.acquire(never)).rejects.toThrow('closed');
});
