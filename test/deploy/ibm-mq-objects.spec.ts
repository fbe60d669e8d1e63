import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INVENTORY_EVENTS } from '@orderbridge/contracts';
import { parseMqsc } from '../../libs/embedded-mq/src/mqsc.js';
import { runMqsc } from '../../libs/embedded-mq/src/mqsc-commands.js';
import { Objects } from '../../libs/embedded-mq/src/objects.js';

const FILES = ['orderbridge.mqsc', 'orderbridge-tls.mqsc', 'developer-container.mqsc'] as const;
const read = (file: string) => readFileSync(join('deploy/ibm-mq', file), 'utf8');

let folder: string;
let objects: Objects;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mqsc-'));
  objects = Objects.load(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the stand-in takes every command of the files, one after the other and again', () => {
  for (const file of [...FILES, ...FILES]) {
    expect(runMqsc(read(file), objects, { clear: () => true }).problems).toEqual([]);
  }
  expect([...objects.channels.keys()]).toEqual(
    expect.arrayContaining([
      'ORDERBRIDGE.SVRCONN',
      'PAYMENT.SVRCONN',
      'INVENTORY.SVRCONN',
      'DEADLETTERS.SVRCONN',
    ]),
  );
});

test('the queue of the contracts has a backout queue that takes what it takes, and the queue manager a dead-letter queue', () => {
  runMqsc(read('orderbridge.mqsc'), objects, { clear: () => true });
  const queue = objects.queue(INVENTORY_EVENTS.name)!.attributes;
  expect(queue).toMatchObject({ DEFPSIST: 1, BOTHRESH: 5, BOQNAME: `${INVENTORY_EVENTS.name}.BOQ` });
  const backout = objects.queue(queue.BOQNAME as string)!.attributes;
  expect(backout).toMatchObject({ DEFPSIST: 1, MAXMSGL: queue.MAXMSGL, MAXDEPTH: queue.MAXDEPTH });
  expect(objects.queue(objects.queueManager.DEADQ as string)).toBeDefined();
});

describe('authorities', () => {
  const records = parseMqsc(read('orderbridge.mqsc'))
    .map(({ words }) => Object.fromEntries(words.map(({ keyword, argument }) => [keyword, argument])))
    .filter((words) => 'AUTHREC' in words);
  const of = (user: string, object: string): string[] =>
    records
      .filter(({ PRINCIPAL, PROFILE, OBJTYPE }) => PRINCIPAL === user && (PROFILE ?? OBJTYPE) === object)
      .flatMap(({ AUTHADD }) => AUTHADD!.split(','))
      .toSorted();

  test.each([
    ['inventory', 'QMGR', ['CONNECT', 'INQ']],
    ['inventory', 'INVENTORY.EVENTS', ['PUT']],
    ['inventory', 'INVENTORY.EVENTS.BOQ', []],
    ['payment', 'QMGR', ['CONNECT', 'INQ', 'SETALL']],
    ['payment', 'INVENTORY.EVENTS', ['GET', 'INQ', 'PUT', 'SETALL']],
    ['payment', 'INVENTORY.EVENTS.BOQ', ['INQ', 'PUT', 'SETALL']],
    ['deadletters', 'INVENTORY.EVENTS', ['INQ', 'PUT', 'SETALL']],
    ['deadletters', 'INVENTORY.EVENTS.BOQ', ['BROWSE', 'GET', 'INQ']],
    ['operator', 'INVENTORY.EVENTS.BOQ', ['BROWSE', 'DSP', 'GET', 'INQ']],
  ])('%s on %s: %j, as libs/ibm-mq opens it and nothing beside', (user, object, authorities) => {
    expect(of(user, object)).toEqual(authorities);
  });

  test('nobody may change or delete a definition, and every user fits in the 12 characters of IBM MQ', () => {
    for (const { PRINCIPAL, AUTHADD } of records) {
      expect(AUTHADD).not.toMatch(/\b(ALL|ALLADM|ALLMQI|CHG|CRT|DLT|CLR|ALTUSR)\b/);
      expect(PRINCIPAL!.length).toBeLessThanOrEqual(12);
    }
  });

  test('each user who has authorities may connect, by password and by certificate', () => {
    const rules = parseMqsc(read('orderbridge.mqsc'))
      .map(({ words }) => Object.fromEntries(words.map(({ keyword, argument }) => [keyword, argument])))
      .filter((words) => 'CHLAUTH' in words);
    for (const user of new Set(records.map(({ PRINCIPAL }) => PRINCIPAL))) {
      expect(rules).toContainEqual(
        expect.objectContaining({ TYPE: 'USERMAP', CLNTUSER: user, CHCKCLNT: 'REQUIRED' }),
      );
      expect(rules).toContainEqual(expect.objectContaining({ TYPE: 'SSLPEERMAP', MCAUSER: user }));
    }
  });
});
