import {
  WorkItemProcessor,
  type Finished,
  type WorkItem,
  type WorkItemHandlers,
} from './work-item-processor.js';

const quiet = { settled() {}, postponed() {}, retrying() {} };

/** A table of items in memory; `until` resolves once a condition holds. */
class Table implements WorkItemHandlers<WorkItem, string> {
  readonly due: WorkItem[] = [];
  readonly groups: string[][] = [];
  readonly postponed: string[] = [];
  capacity?: () => number;
  looks = 0;
  readonly #watchers: (() => void)[] = [];
  calls: (item: WorkItem) => Promise<string> = (item) => Promise.resolve(`yes ${item.id}`);
  failSettle: (finished: readonly Finished<WorkItem, string>[]) => boolean = () => false;
  running = 0;
  mostRunning = 0;

  take(limit: number) {
    this.looks++;
    return Promise.resolve(this.due.splice(0, limit));
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

  postpone(item: WorkItem) {
    this.postponed.push(item.id);
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
  Array.from({ length: count }, (_, index) => ({ id: `${index}`, attempts: 1 }));

describe('WorkItemProcessor', () => {
  let processor: WorkItemProcessor<WorkItem, string>;
  const start = (table: Table, concurrency = 4) => {
    processor = new WorkItemProcessor({
      handlers: table,
      observer: quiet,
      concurrency,
      pollInterval: 60_000,
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

  test('takes nothing while the partner is given a rest: no attempt is spent', async () => {
    const table = new Table();
    let asked!: () => void;
    const hasAsked = new Promise<void>((resolve) => (asked = resolve));
    table.capacity = () => {
      asked();
      return 0;
    };
    table.due.push(...items(3));
    start(table);
    await hasAsked;
    await processor.stop();
    expect([table.looks, table.due.length]).toEqual([0, 3]);
  });

  test('after the rest one call tries the partner; when it succeeds the others follow at once', async () => {
    const table = new Table();
    let isWell = false;
    table.capacity = () => (isWell ? Infinity : table.running === 0 ? 1 : 0);
    const calledWhile: boolean[] = [];
    table.calls = async ({ id }) => {
      calledWhile.push(isWell);
      // Lets the processor look again while the first call is under way.
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
