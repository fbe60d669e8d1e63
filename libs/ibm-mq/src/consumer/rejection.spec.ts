import type { Connection } from '../connection/connection.js';
import { IbmMqError } from '../errors.js';
import { IncomingMessage } from '../message/incoming-message.js';
import type { MQMD } from '../mqi/ibmmq.js';
import { moveAway, PUT_BACK_HEADER } from './rejection.js';

class Descriptor {
  Format = 'MQSTR';
  Encoding = 546;
  CodedCharSetId = 1208;
  MsgId = Buffer.alloc(24, 1);
  CorrelId = Buffer.alloc(24, 2);
  GroupId = Buffer.alloc(24);
  AccountingToken = Buffer.alloc(32, 3);
  PutApplName = 'sender';
}

class DeadLetterHeader {
  getBuffer(): Buffer {
    return Buffer.from('DLH ');
  }
}

const policy = { threshold: 1, backoutQueue: 'IN.BOQ', deadLetterQueue: 'DEAD', queueManager: 'QM1' };
const refusal = (reason: number) => new IbmMqError({ verb: 'MQOPEN', object: 'Q', reason, symbol: 'X' });
const message = () => new IncomingMessage('IN', new Descriptor() as unknown as MQMD, Buffer.from('body'));

/** A connection that refuses to open some queues with some context. */
function connection(refuse: (queue: string, keepsContext: boolean) => number | undefined) {
  const puts: { queue: string; keepsContext: boolean; descriptor: MQMD; data: Buffer }[] = [];
  const fake = {
    mqi: { MQMD: Descriptor, MQDLH: DeadLetterHeader },
    openOutput({ queue }: { queue: string }, keepsContext = false) {
      const reason = refuse(queue, keepsContext);
      if (reason !== undefined) throw refusal(reason);
      return { queue, keepsContext };
    },
    put(output: { queue: string; keepsContext: boolean }, descriptor: MQMD, data: Buffer) {
      puts.push({ ...output, descriptor, data });
    },
  };
  return { connection: fake as unknown as Connection, puts };
}

test('the message is put with its context, in a descriptor of its own', () => {
  const { connection: fake, puts } = connection(() => undefined);
  const original = message();
  expect(moveAway(fake, original, policy, {})).toEqual({ kind: 'requeued', queue: 'IN.BOQ' });
  expect(puts).toMatchObject([
    { queue: 'IN.BOQ', keepsContext: true, descriptor: { PutApplName: 'sender' } },
  ]);
  expect(puts[0]?.data).toEqual(Buffer.from('body'));
  puts[0]?.descriptor.AccountingToken.fill(0);
  expect(original.descriptor.AccountingToken).toEqual(Buffer.alloc(32, 3));
});

test('without the authority to set the context it is put without', () => {
  const { connection: fake, puts } = connection((_queue, keepsContext) => (keepsContext ? 2035 : undefined));
  moveAway(fake, message(), policy, {});
  expect(puts).toMatchObject([{ queue: 'IN.BOQ', keepsContext: false }]);
});

test('a lost connection is no reason for the dead-letter queue', () => {
  const { connection: fake, puts } = connection(() => 2009);
  expect(() => moveAway(fake, message(), policy, {})).toThrow('2009');
  expect(puts).toEqual([]);
});

const nowhere = { ...policy, backoutQueue: '', deadLetterQueue: '' };

test.each([
  ['without either queue', nowhere, () => undefined],
  ['when neither takes it', policy, (queue: string) => (queue === 'IN' ? undefined : 2053)],
])('%s it is put back behind the others, with a mark', (_, where, refuse) => {
  const { connection: fake, puts } = connection(refuse);
  expect(moveAway(fake, message(), where, { headers: { dlt_error: 'why' } })).toEqual({
    kind: 'put-back',
    queue: 'IN',
  });
  expect(puts).toMatchObject([
    { queue: 'IN', keepsContext: true, descriptor: { MsgId: Buffer.alloc(24, 1) } },
  ]);
  expect(puts[0]?.data.toString()).toContain('<dlt_error>why</dlt_error>');
  expect(puts[0]?.data.toString()).toContain(`<${PUT_BACK_HEADER} dt='boolean'>1</${PUT_BACK_HEADER}>`);
});

test('the mark is taken off when it can be moved away', () => {
  const marked = connection(() => undefined);
  moveAway(marked.connection, message(), nowhere, {});
  const [put] = marked.puts;
  const again = new IncomingMessage('IN', put?.descriptor as MQMD, put?.data as Buffer);
  const { connection: fake, puts } = connection(() => undefined);
  moveAway(fake, again, policy, {});
  expect(puts).toMatchObject([
    { queue: 'IN.BOQ', descriptor: { Format: 'MQSTR' }, data: Buffer.from('body') },
  ]);
});

test('it says why it cannot be moved away when it cannot be put back either', () => {
  const { connection: fake } = connection(() => 2051);
  expect(() => moveAway(fake, message(), nowhere, {})).toThrow('no BOQNAME there, no dead-letter queue');
  expect(() => moveAway(fake, message(), policy, {})).toThrow('2051');
});

test('a unit of work that is too large is made smaller instead', () => {
  const { connection: fake, puts } = connection(() => 2024);
  expect(() => moveAway(fake, message(), policy, {})).toThrow('2024');
  expect(puts).toEqual([]);
});
