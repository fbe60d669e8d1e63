import type { Report } from './reconcile-client.js';
import { reconcile } from './reconcile.js';
import { leftOpen, reportTable } from './report-table.js';

/** Answers with one report after the other, the last one for ever; an error is thrown. */
class FakeService {
  starts: boolean[] = [];

  constructor(
    readonly name: string,
    private readonly reports: (Report | Error)[],
    private readonly starting = true,
  ) {}

  start(all: boolean): Promise<boolean> {
    this.starts.push(all);
    return Promise.resolve(this.starting);
  }

  report(): Promise<Report> {
    const next = this.reports.length > 1 ? this.reports.shift() : this.reports[0];
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next as Report);
  }
}

const never: Report = { status: 'never', counts: {} };
const running = (counts = {}): Report => ({ status: 'running', counts });
const finished = (counts = {}): Report => ({ status: 'finished', counts });
const waiting = { settleMs: 20, timeoutMs: 10_000, pollMs: 5 };

test('waits for all runs, and for what answers still change after them', async () => {
  const said: string[] = [];
  const order = new FakeService('order', [never, running(), finished({ checked: 7 })]);
  const payment = new FakeService('payment', [
    ...[never, running(), new Error('payment does not answer'), new Error('payment does not answer')],
    { ...running(), error: 'the gateway is down' },
    finished({ checked: 9 }),
    finished({ checked: 9, refunded: 1 }),
  ]);
  const reports = await reconcile([order, payment], true, waiting, (line) => said.push(line));
  expect([...reports]).toEqual([
    ['order', finished({ checked: 7 })],
    ['payment', finished({ checked: 9, refunded: 1 })],
  ]);
  expect([order.starts, payment.starts]).toEqual([[true], [true]]);
  expect(said).toEqual([
    'payment: waiting: payment does not answer',
    'payment: waiting: the gateway is down',
  ]);
});

test('starts none when one does not answer', async () => {
  const order = new FakeService('order', [never]);
  const payment = new FakeService('payment', [new Error('payment does not answer')]);
  await expect(reconcile([order, payment], false, waiting, () => {})).rejects.toThrow('does not answer');
  expect(order.starts).toEqual([]);
});

test('waits for a run that is in progress, and gives up after its time', async () => {
  const said: string[] = [];
  const order = new FakeService('order', [running()], false);
  await expect(
    reconcile([order], false, { ...waiting, timeoutMs: 30 }, (line) => said.push(line)),
  ).rejects.toThrow('The runs go on');
  expect(said).toEqual(['order: a run was in progress; waiting for that one.']);
});

test('the table has a line for each service and a column for each count', () => {
  const reports = new Map([
    ['order', finished({ reported: 12_345 })],
    ['inventory', finished({ requested: 4, released: 1 })],
    ['shipping', finished({ compared: 9, requested: 3, adopted: 2, parked: 1, deliveries: 3 })],
  ]);
  expect(reportTable(reports).split('\n')).toEqual([
    'service    checked  adopted  refunded  voided  released  parked  deliveries',
    'order        12345        0         0       0         0       0           0',
    'inventory        4        0         0       0         1       0           0',
    'shipping         9        2         0       0         0       1           3',
  ]);
  expect(leftOpen(reports)).toBe(1);
  expect(leftOpen(new Map([['order', finished({ checked: 1 })]]))).toBe(0);
});
