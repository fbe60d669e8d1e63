import { PermanentError } from '@orderbridge/messaging';
import { ItemFailedError, PartnerUnavailableError } from './partner-errors.js';
import type { Capacity } from './partner-operation.js';
import type { Postponement, TakeRequest } from './work-item-table.js';
import {
  MAX_ITEM_FAILURES,
  WorkItemProcessor,
  type Finished,
  type WorkItem,
  type WorkItemHandlers,
} from './work-item-processor.js';

const quiet = { settled() {}, postponed() {}, parked() {}, retrying() {} };

/** A table of items in memory; `until` resolves once a condition holds. */
class Table implements WorkItemHandlers<WorkItem, string> {
  readonly due: WorkItem[] = [];
  readonly groups: string[][] = [];
  readonly postponed: string[] = [];
  readonly postponements: Postponement[] = [];
  readonly parked: { id: string; error: Error; itemFailures: number }[] = [];
  readonly requests: TakeRequest[] = [];
  capacity?: () => Capacity;
  readonly #watchers: (() => void)[] = [];
  calls: (item: WorkItem) => Promise<string> = (item) => Promise.resolve(`yes ${item.id}`);
  failSettle: (finished: readonly Finished<WorkItem, string>[]) => boolean = () => false;
  running = 0;
  mostRunning = 0;

  /** As the rows do: first those never tried, then as many retries as may be. */
  take(request: TakeRequest) {
    this.requests.push(request);
    const untried = this.due.filter(({ attempts }) => attempts === 1).slice(0, request.limit);
    const retries = this.due
      .filter(({ attempts }) => attempts > 1)
      .slice(0, Math.min(request.retries, request.limit - untried.length));
    const taken = [...untried, ...retries];
    for (const item of taken) this.due.splice(this.due.indexOf(item), 1);
    return Promise.resolve(taken);
  }

  async perform(item: WorkItem) {
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      return await this.calls(item);
    } finally {
      this.running--;
    }
  }

  settle(finished: readonly Finished<WorkItem, string>[]) {
    if (this.failSettle(finished)) return Promise.reject(new Error('no commit'));
    this.groups.push(finished.map(({ result }) => result));
    for (const watch of this.#watchers) watch();
    return Promise.resolve();
  }

  postpone(item: WorkItem, postponement: Postponement) {
    this.postponed.push(item.id);
    this.postponements.push(postponement);
    for (const watch of this.#watchers) watch();
    return Promise.resolve();
  }

  park({ id }: WorkItem, error: Error, itemFailures: number) {
    this.parked.push({ id, error, itemFailures });
    for (const watch of this.#watchers) watch();
    return Promise.resolve();
  }

  backlog() {
    return Promise.resolve({ items: this.due.length, oldestSeconds: 0 });
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push(() => condition() && resolve()));
  }
}

const items = (count: number): WorkItem[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${index}`, attempts: 1, itemFailures: 0 }));

describe('WorkItemProcessor', () => {
  let processor: WorkItemProcessor<WorkItem, string>;
  const start = (table: Table, concurrency = 4) => {
    processor = new WorkItemProcessor({
      handlers: table,
      observer: quiet,
      concurrency,
      pollIntervalMs: 60_000,
    });
    processor.start();
  };
  afterEach(() => processor.stop());

  test('settles every item, with no more calls at a time than allowed', async () => {
    const table = new Table();
    table.due.push(...items(20));
    start(table);
    await table.until(() => table.groups.flat().length === 20);
    expect(new Set(table.groups.flat()).size).toBe(20);
    expect(table.mostRunning).toBeLessThanOrEqual(4);
  });

  test('takes what is new as soon as it is woken', async () => {
    const table = new Table();
    start(table);
    table.due.push(...items(1));
    processor.wake();
    await table.until(() => table.groups.length === 1);
    expect(table.groups).toEqual([['yes 0']]);
  });

  test('postpones an item whose call fails and settles the others', async () => {
    const table = new Table();
    table.calls = (item) =>
      item.id === '1' ? Promise.reject(new Error('time-out')) : Promise.resolve(item.id);
    table.due.push(...items(3));
    start(table);
    await table.until(() => table.postponed.length === 1 && table.groups.flat().length === 2);
    expect(table.postponed).toEqual(['1']);
    expect(table.groups.flat().toSorted()).toEqual(['0', '2']);
  });

  test('an item that waits for its next try holds up no other, even with one call at a time', async () => {
    const table = new Table();
    table.calls = (item) => (item.id === '0' ? Promise.reject(new Error('away')) : Promise.resolve(item.id));
    table.due.push(...items(5));
    start(table, 1);
    await table.until(() => table.groups.flat().length === 4);
    expect([table.postponed, table.groups.flat()]).toEqual([['0'], ['1', '2', '3', '4']]);
  });

  test('takes nothing while the circuit is open: no attempt is spent', async () => {
    const table = new Table();
    let asked!: () => void;
    const hasAsked = new Promise<void>((resolve) => (asked = resolve));
    table.capacity = () => {
      asked();
      return { items: 0, isTrial: true };
    };
    table.due.push(...items(3));
    start(table);
    await hasAsked;
    await processor.stop();
    expect([table.requests, table.due.length]).toEqual([[], 3]);
  });

  test('after the cool-down one call tries the partner; when it succeeds the others follow at once', async () => {
    const table = new Table();
    let isWell = false;
    table.capacity = () => ({ items: isWell ? Infinity : table.running === 0 ? 1 : 0, isTrial: !isWell });
    const calledWhile: boolean[] = [];
    table.calls = async ({ id }) => {
      calledWhile.push(isWell);
      // Lets the processor poll again while the first call is in flight.
      await new Promise(setImmediate);
      isWell = true;
      return id;
    };
    table.due.push(...items(4));
    start(table);
    await table.until(() => table.groups.flat().length === 4);
    expect(calledWhile).toEqual([false, true, true, true]);
  });

  test('an item that cannot be committed does not hold up its group', async () => {
    const table = new Table();
    table.failSettle = (finished) => finished.some(({ item }) => item.id === '2');
    table.due.push(...items(4));
    start(table);
    await table.until(() => table.groups.flat().length === 3);
    expect(table.groups.flat().toSorted()).toEqual(['yes 0', 'yes 1', 'yes 3']);
  });

  const retry = (id: string, itemFailures = 0): WorkItem => ({ id, attempts: 5, itemFailures });

  test('retries get a quarter of the calls at the same time, and what was never tried goes first', async () => {
    const table = new Table();
    const finish: (() => void)[] = [];
    let called!: () => void;
    const allCalled = new Promise<void>((resolve) => (called = resolve));
    table.calls = ({ id }) => {
      const call = new Promise<string>((resolve) => finish.push(() => resolve(id)));
      if (finish.length === 7) called();
      return call;
    };
    table.due.push(...['a', 'b', 'c', 'd', 'e'].map((id) => retry(id)), ...items(5));
    start(table, 8);
    await allCalled;
    await new Promise(setImmediate);
    expect([finish.length, table.due.map(({ id }) => id)]).toEqual([7, ['c', 'd', 'e']]);
    for (const end of finish) end();
    table.calls = ({ id }) => Promise.resolve(id);
    await table.until(() => table.groups.flat().length === 10);
    expect(table.requests.every(({ retries }) => retries <= 2)).toBe(true);
  });

  test('an item that fails by itself is parked after a bounded number of failures', async () => {
    const table = new Table();
    table.calls = () => Promise.reject(new ItemFailedError('malformed'));
    table.due.push(retry('first'), retry('last', MAX_ITEM_FAILURES - 1));
    start(table);
    await table.until(() => table.parked.length === 1 && table.postponed.length === 1);
    expect(table.postponements).toMatchObject([{ itemFailures: 1 }]);
    expect(table.parked).toMatchObject([{ id: 'last', itemFailures: MAX_ITEM_FAILURES }]);
  });

  test('an item that the partner refuses permanently is parked at once', async () => {
    const table = new Table();
    table.calls = () => Promise.reject(new PermanentError('no'));
    table.due.push(...items(1));
    start(table);
    await table.until(() => table.parked.length === 1);
    expect(table.parked).toMatchObject([{ id: '0', itemFailures: 0 }]);
  });

  test('while the partner is in trouble nothing is ever parked', async () => {
    const table = new Table();
    table.calls = () => Promise.reject(new PartnerUnavailableError('down'));
    table.due.push({ id: 'old', attempts: 10_000, itemFailures: MAX_ITEM_FAILURES - 1 });
    start(table);
    await table.until(() => table.postponed.length === 1);
    expect([table.parked, table.postponements[0]?.itemFailures]).toEqual([[], MAX_ITEM_FAILURES - 1]);
  });

  test('waits for as long as Retry-After asks', async () => {
    const table = new Table();
    const asks = new PartnerUnavailableError('busy', { retryAfterMs: 120_000 });
    table.calls = ({ id }) =>
      Promise.reject(id === '0' ? asks : new ItemFailedError('busy with it', { cause: asks }));
    table.due.push(...items(2));
    start(table);
    await table.until(() => table.postponed.length === 2);
    expect(table.postponements.map(({ delayMs }) => delayMs)).toEqual([120_000, 120_000]);
  });

  test('a result that cannot be stored is the item’s own failure; an unavailable database is nobody’s', async () => {
    const table = new Table();
    let unavailable!: () => void;
    const wasUnavailable = new Promise<void>((resolve) => (unavailable = resolve));
    table.settle = (finished) => {
      if (finished.length > 1) return Promise.reject(new Error('not together'));
      const code = finished[0]?.item.id === '0' ? '22P05' : '57P01';
      if (code === '57P01') unavailable();
      return Promise.reject(Object.assign(new Error('no'), { code }));
    };
    table.due.push(...items(2));
    start(table);
    await table.until(() => table.postponed.length === 1);
    await wasUnavailable;
    await processor.stop();
    expect([table.postponed, table.postponements[0]?.itemFailures]).toEqual([['0'], 1]);
  });

  test('stop waits for the calls in flight and their commit', async () => {
    const table = new Table();
    let finish!: (result: string) => void;
    let called!: () => void;
    const inCall = new Promise<void>((resolve) => (called = resolve));
    table.calls = () => {
      called();
      return new Promise((resolve) => (finish = resolve));
    };
    table.due.push(...items(1));
    start(table);
    await inCall;
    const stopped = processor.stop();
    finish('late');
    await stopped;
    expect(table.groups).toEqual([['late']]);
  });
});
