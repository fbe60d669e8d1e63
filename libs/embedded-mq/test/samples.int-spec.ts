import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { Harness } from './harness.js';

/** The programs that come with the `ibmmq` package, run as they are. */
const samples = join(dirname(createRequire(import.meta.url).resolve('ibmmq/package.json')), 'samples');
const run = promisify(execFile);

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start({ mqsc: 'DEFINE QLOCAL(DEV.QUEUE.1) REPLACE\nALTER QMGR DEADQ(DEV.DEAD)' });
});
afterEach(() => harness.close());

/** What a sample prints, without dates and identifiers. */
async function sample(name: string, ...args: string[]): Promise<string[]> {
  const env = { ...process.env, ...harness.queueManager.env, NODE_OPTIONS: '' };
  const { stdout } = await run(process.execPath, [join(samples, `${name}.js`), ...args], { env });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/Hello from Node at .*?\)/, 'Hello from Node at DATE')
        .replace(/[0-9a-f]{48}/, 'IDENTIFIER')
        .trimEnd(),
    );
}

const connected = ['MQCONN to QM1 successful', 'MQOPEN of DEV.QUEUE.1 successful'];
const closed = ['MQCLOSE successful', 'MQDISC successful'];

test('amqsput and amqsget', async () => {
  expect(await sample('amqsput')).toEqual([
    'Sample AMQSPUT.JS start',
    ...connected,
    'MsgId: IDENTIFIER',
    'MQPUT successful',
    ...closed,
  ]);
  const got = await sample('amqsget');
  expect(got).toEqual([
    'Sample AMQSGET.JS start',
    ...connected,
    expect.stringMatching(/^message len=\d+ <Hello from Node at DATE>$/),
    'no more messages',
    ...closed,
  ]);
});

test('amqsput to a queue that there is not', async () => {
  expect((await sample('amqsput', 'NO.SUCH')).slice(0, 3)).toEqual([
    'Sample AMQSPUT.JS start',
    'MQCONN to QM1 successful',
    'MQ call failed in OPEN: MQCC = MQCC_FAILED [2] MQRC = MQRC_UNKNOWN_OBJECT_NAME [2085]',
  ]);
});

test('amqsputp and amqsgeta', async () => {
  expect(await sample('amqsputp')).toEqual([
    'Sample AMQSPUTP.JS start',
    ...connected,
    'MQPUT successful',
    'MQCLOSE successful',
    'Done.',
  ]);
  expect(await sample('amqsgeta')).toEqual([
    'Sample AMQSGETA.JS start',
    ...connected,
    'message <Hello from Node at DATE>',
    'No more messages available.',
    'MQ call successful',
    'Exiting ...',
  ]);
});

test('amqsgeta with a message identifier', async () => {
  await sample('amqsput');
  const client = await harness.connected();
  await client.call('put1', {
    name: 'DEV.QUEUE.1',
    body: 'wanted',
    descriptor: { MsgId: '42'.repeat(24), Format: 'MQSTR' },
  });
  const printed = await sample('amqsgeta', 'DEV.QUEUE.1', 'QM1', '42'.repeat(24));
  expect(printed).toContain('Setting Match Option for MsgId');
  expect(printed.filter((line) => line.startsWith('message'))).toEqual(['message <wanted>']);
});

test('amqsbra leaves messages where they are, amqsgetac commits them', async () => {
  await sample('amqsput');
  await sample('amqsput');
  const messages = ['message <Hello from Node at DATE>', 'message <Hello from Node at DATE>'];
  expect(await sample('amqsbra')).toEqual([
    'Sample AMQSBRA.JS start',
    ...connected,
    ...messages,
    'No more messages available.',
    'Exiting ...',
  ]);
  expect(await sample('amqsgetac')).toEqual([
    'Sample AMQSGETA.JS start',
    ...connected,
    'MQ call successful',
    ...messages.flatMap((message) => [message, 'Commit OK']),
    'No more messages available.',
    'MQ call successful',
    'Exiting ...',
  ]);
});

test('amqsprop', async () => {
  // The sample gets without waiting for its own put, which another thread carries out: try until the put was first.
  let printed: string[] = [];
  for (let i = 0; i < 20 && !printed.includes('No more properties'); i++) {
    harness.queueManager.mqsc('CLEAR QLOCAL(DEV.QUEUE.1)');
    printed = await sample('amqsprop');
  }
  expect(printed.filter((line) => line !== 'MQPUT successful' && line !== 'MQDLTMH successful')).toEqual([
    'Sample AMQSPROP.JS start',
    ...connected,
    'MQCRTMH successful',
    'Property name  : PROP1STRING',
    '         value : helloStringProperty',
    'Property name  : PROP2INT',
    '         value : 42',
    'Property name  : PROP3BOOL',
    '         value : true',
    'Property name  : PROP4BYTEARRAY',
    '         value : [ 100 101 102 103 104 105 ]',
    'Property name  : PROP5NULL',
    '         value : undefined',
    'No more properties',
    'message <Hello from Node at DATE>',
    ...closed,
  ]);
  expect(printed.filter((line) => line === 'MQDLTMH successful')).toHaveLength(2);
});

test('amqsinq', async () => {
  expect(await sample('amqsinq')).toEqual([
    'Sample AMQSINQ.JS start',
    'MQCONN to QM1 successful',
    'MQOPEN of queue manager successful',
    'ccsid=1208 qmgrName = "QM1", dlqName = "DEV.DEAD"',
    ...closed,
  ]);
});

test('amqsset inhibits the queue', async () => {
  expect(await sample('amqsset')).toEqual([
    'Sample AMQSSET.JS start',
    'MQCONN to QM1 successful',
    'MQOPEN of queue successful',
    'MQSET of queue successful',
    ...closed,
  ]);
  expect(await sample('amqsput')).toContain(
    'MQ call failed in PUT: MQCC = MQCC_FAILED [2] MQRC = MQRC_PUT_INHIBITED [2051]',
  );
});

test('amqsdlh', async () => {
  let printed: string[] = [];
  for (let i = 0; i < 20 && !printed.includes('MQGET successful'); i++) {
    harness.queueManager.mqsc('CLEAR QLOCAL(DEV.QUEUE.1)');
    printed = await sample('amqsdlh');
  }
  expect(printed.filter((line) => line !== 'MQPUT successful')).toEqual([
    'Sample AMQSDLH.JS start',
    ...connected,
    'MQGET successful',
    expect.stringMatching(
      /^DLH is {"Reason":2035,"DestQName":"DEST.QUEUE","DestQMgrName":"DEST.QMGR",.*"Format":"MQSTR"/,
    ),
    expect.stringMatching(/^message len=\d+ <Hello from Node at DATE>$/),
  ]);
});

describe('amqsconn, which has its address built in', () => {
  const users = { mqguest: 'passw0rd!Passw0rd' };
  const start = ['Sample AMQSCONN.JS start'];

  test('connects with its user and password, and not with another', async () => {
    await harness.close();
    // Another queue manager of this machine may have the port on one of its addresses.
    const startOn = (host: string) => Harness.start({ users, port: 1414, host });
    harness = await startOn('127.0.0.1').catch(() => startOn('::1'));
    expect(await sample('amqsconn')).toEqual([...start, 'MQCONN to QM1 successful', 'MQDISC successful']);
    await harness.restart({ users: { mqguest: 'changed' } });
    expect(await sample('amqsconn')).toEqual([
      ...start,
      'MQ call failed in CONNX: MQCC = MQCC_FAILED [2] MQRC = MQRC_NOT_AUTHORIZED [2035]',
    ]);
  });
});
