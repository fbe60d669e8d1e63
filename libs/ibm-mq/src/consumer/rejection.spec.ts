import type { Connection } from '../connection/connection.js';
import { IbmMqError } from '../errors.js';
import { IncomingMessage } from '../message/incoming-message.js';
import type { MQMD } from '../mqi/ibmmq.js';
import { moveAway } from './rejection.js';

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

const policy = { threshold: 1, backoutQueue: 'IN.BOQ', deadLetterQueue: 'DEAD', queueManager: 'QM1' };
const refusal = (reason: number) => new IbmMqError({ verb: 'MQOPEN', object: 'Q', reason, symbol: 'X' });
const message = () => new IncomingMessage('IN', new Descriptor() as unknown as MQMD, Buffer.from('body'));

/** A connection that refuses to open some queues with some context. */
function connection(refuse: (queue: string, keepsContext: boolean) => number | undefined) {
  const puts: { queue: string; keepsContext: boolean; descriptor: MQMD; data: Buffer }[] = [];
  const fake = {
    mqi: { MQMD: Descriptor },
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

test('without either queue it says so', () => {
  const { connection: fake } = connection(() => undefined);
  const nowhere = { ...policy, backoutQueue: '', deadLetterQueue: '' };
  expect(() => moveAway(fake, message(), nowhere, {})).toThrow('no BOQNAME there, no dead-letter queue');
});
