import fc from 'fast-check';

import { FrameReader, PayloadReader, ProtocolError, ReplyWriter } from './protocol.js';

function frame(operation: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt16LE(operation, 4);
  return Buffer.concat([header, payload]);
}

test('frames arrive whole, however the stream is cut', () => {
  const frames = fc.array(fc.record({ operation: fc.nat(100), payload: fc.uint8Array({ maxLength: 50 }) }));
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
      const reader = new FrameReader();
      const received: [number, string][] = [];
      let rest = Buffer.concat(sent.map(({ operation, payload }) => frame(operation, Buffer.from(payload))));
      for (const cut of [...cuts, rest.length]) {
        reader.push(rest.subarray(0, cut), (operation, payload) =>
          received.push([operation, payload.toString('hex')]),
        );
        rest = rest.subarray(cut);
      }
      expect(received).toEqual(
        sent.map(({ operation, payload }) => [operation, Buffer.from(payload).toString('hex')]),
      );
    }),
  );
});

test('a frame longer than allowed breaks the protocol', () => {
  const reader = new FrameReader();
  reader.maxPayload = 10;
  expect(() => reader.push(frame(1, Buffer.alloc(11)), () => {})).toThrow(ProtocolError);
});

test('a payload that is too short breaks the protocol', () => {
  expect(() => new PayloadReader(Buffer.alloc(3)).int32()).toThrow(ProtocolError);
  expect(() => new PayloadReader(Buffer.from([9, 0, 1])).text()).toThrow(ProtocolError);
  expect(() => new PayloadReader(Buffer.alloc(8)).int32s(-1)).toThrow(ProtocolError);
  expect(() => new PayloadReader(Buffer.alloc(8)).int32s(2 ** 31)).toThrow(ProtocolError);
});

test('names are padded with blanks, and end at a null', () => {
  const reply = new ReplyWriter(3, 0, 0, 8).name('Q1', 8).done();
  expect(reply.toString('latin1', 16)).toBe('Q1      ');
  expect(new PayloadReader(Buffer.from('Q1\0rest')).name(7)).toBe('Q1');
});
