import { initialAttributes, localQueueAttributes } from './attributes.js';
import { DESCRIPTOR_LENGTH, Field, readName, writeName } from './message-descriptor.js';
import { PutOption } from './mqi-constants.js';
import { contextOf, IdentifierSource, preparePut } from './put-request.js';

const origin = { user: 'app', application: 'order' };
const identifiers = new IdentifierSource('QM1');
const queue = { ...initialAttributes(localQueueAttributes), DEFPRTY: 4, DEFPSIST: 1 };

function descriptor(): Buffer {
  const md = Buffer.alloc(DESCRIPTOR_LENGTH);
  md.writeInt32LE(8, Field.MsgType);
  md.writeInt32LE(-1, Field.Expiry);
  md.writeInt32LE(-1, Field.Priority);
  md.writeInt32LE(2, Field.Persistence);
  return md;
}

const prepare = (options: number, saved?: Buffer, md = descriptor()) =>
  preparePut(md, options, queue, 1208, origin, saved, identifiers);

test('what is left to the queue comes from its definition', () => {
  const prepared = prepare(0);
  expect(prepared).toMatchObject({ persistent: true, priority: 4, expiry: 0 });
  expect(prepared.descriptor.readInt32LE(Field.CodedCharSetId)).toBe(1208);
});

test('a priority above the highest is a warning, kept for the reader', () => {
  const md = descriptor();
  md.writeInt32LE(12, Field.Priority);
  const prepared = prepare(0, undefined, md);
  expect(prepared).toMatchObject({ priority: 9, warning: 2049 });
  expect(prepared.descriptor.readInt32LE(Field.Priority)).toBe(12);
});

describe('context', () => {
  const received = descriptor();
  writeName(received, Field.UserIdentifier, 12, 'sender');
  writeName(received, Field.PutApplName, 28, 'elsewhere');
  writeName(received, Field.PutDate, 8, '20200131');
  const saved = contextOf(received);
  const name = (md: Buffer, field: number, length: number) => readName(md, field, length);

  test('is passed on whole', () => {
    const md = prepare(PutOption.PASS_ALL_CONTEXT, saved).descriptor;
    expect(name(md, Field.UserIdentifier, 12)).toBe('sender');
    expect(name(md, Field.PutApplName, 28)).toBe('elsewhere');
    expect(name(md, Field.PutDate, 8)).toBe('20200131');
  });

  test('is passed on as to the identity alone', () => {
    const md = prepare(PutOption.PASS_IDENTITY_CONTEXT, saved).descriptor;
    expect(name(md, Field.UserIdentifier, 12)).toBe('sender');
    expect(name(md, Field.PutApplName, 28)).toBe('order');
  });

  test('is made by default, and left out when asked', () => {
    expect(name(prepare(0).descriptor, Field.UserIdentifier, 12)).toBe('app');
    expect(name(prepare(PutOption.NO_CONTEXT).descriptor, Field.UserIdentifier, 12)).toBe('');
  });
});
