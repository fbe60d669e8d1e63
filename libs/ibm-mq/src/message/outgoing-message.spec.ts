import type { MQMD, Mqi } from '../mqi/ibmmq.js';
import { IncomingMessage } from './incoming-message.js';
import { encodeData, encodeDescriptor, type OutgoingMessage } from './outgoing-message.js';
import { replyTo } from './reply.js';

class Descriptor {
  MsgId = Buffer.alloc(24);
  CorrelId = Buffer.alloc(24);
  GroupId = Buffer.alloc(24);
  ReplyToQ = '';
  ReplyToQMgr = '';
  MsgSeqNumber = 1;
  MsgFlags = 0;
  PutDate = '20250203';
  PutTime = '04050678';
}
const mqi = { MQMD: Descriptor } as unknown as Mqi;

const encode = (message: Omit<OutgoingMessage, 'queue'>): MQMD =>
  encodeDescriptor(mqi, { queue: 'Q', ...message }, message.headers ?? {});
const sent = (message: Omit<OutgoingMessage, 'queue'>): IncomingMessage =>
  new IncomingMessage('Q', encode(message), encodeData({ queue: 'Q', ...message }, message.headers ?? {}));

test.each<[Omit<OutgoingMessage, 'queue'>, object]>([
  [
    { body: 'text' },
    { Format: 'MQSTR', CodedCharSetId: 1208, Persistence: 1, Priority: -1, Expiry: -1, MsgType: 8 },
  ],
  [{ body: Buffer.from('bytes') }, { Format: '' }],
  [{ body: Buffer.from('text'), format: 'MQSTR' }, { Format: 'MQSTR' }],
  [{ body: 'text', headers: { a: undefined } }, { Format: 'MQSTR' }],
  [{ body: 'text', headers: { a: 1 } }, { Format: 'MQHRF2' }],
  [
    { body: '', persistent: false, priority: 0, expiry: 150 },
    { Persistence: 0, Priority: 0, Expiry: 2 },
  ],
  [{ body: '', expiry: 0 }, { Expiry: 1 }],
  [
    { body: '', replyTo: { queue: 'R' } },
    { MsgType: 1, ReplyToQ: 'R', ReplyToQMgr: '' },
  ],
  [
    { body: '', type: 'REPORT', feedback: 258, report: 64 },
    { MsgType: 4, Feedback: 258, Report: 64 },
  ],
  [
    { body: '', group: { id: 'aa', sequence: 2 } },
    { MsgSeqNumber: 2, MsgFlags: 8 },
  ],
  [
    { body: '', group: { id: 'aa', sequence: 3, last: true } },
    { MsgSeqNumber: 3, MsgFlags: 24 },
  ],
])('%j is described by %j', (message, descriptor) => expect(encode(message)).toMatchObject(descriptor));

test('what is sent is what is read', () => {
  const message = sent({
    body: 'Grüße',
    headers: { 'content-type': 'x', n: 1 },
    messageId: 'c0ffee',
    group: { id: 'aa', sequence: 3, last: true },
  });
  expect({ ...message.headers }).toEqual({ 'content-type': 'x', n: 1 });
  expect(message).toMatchObject({ format: 'MQSTR', characterSet: 1208, encoding: 546, isText: true });
  expect(message.text()).toBe('Grüße');
  expect(message.messageId).toBe('c0ffee'.padEnd(48, '0'));
  expect(message.correlationId).toBeUndefined();
  expect(message.expiry).toBeUndefined();
  expect(message.group).toEqual({ id: 'aa'.padEnd(48, '0'), sequence: 3, last: true });
  expect(message.putAt.toISOString()).toBe('2025-02-03T04:05:06.780Z');
});

test('a damaged MQRFH2 is left in the body', () => {
  const descriptor = encode({ body: '', headers: { a: 1 } });
  const message = new IncomingMessage('Q', descriptor, Buffer.from('RFH damaged'));
  expect(message).toMatchObject({ format: 'MQHRF2', body: Buffer.from('RFH damaged') });
});

test.each([
  [0, { correlationId: '01'.repeat(24), messageId: undefined, expiry: undefined }],
  [0x40, { correlationId: '02'.repeat(24) }],
  [0x80, { messageId: '01'.repeat(24) }],
  [0x4000, { expiry: 5_000 }],
])('report options %i of the request make the reply %j', (report, reply) => {
  const request = sent({
    body: '',
    messageId: '01'.repeat(24),
    correlationId: '02'.repeat(24),
    replyTo: { queue: 'R', queueManager: 'QM2' },
    report,
    expiry: 5_000,
    priority: 3,
    persistent: false,
  });
  expect(replyTo(request)).toMatchObject({
    queue: 'R',
    queueManager: 'QM2',
    type: 'REPLY',
    priority: 3,
    persistent: false,
    ...reply,
  });
});

test('a message without a reply queue cannot be replied to', () => {
  expect(() => replyTo(sent({ body: '' }))).toThrow(TypeError);
});
