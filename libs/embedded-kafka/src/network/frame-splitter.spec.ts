import * as fc from 'fast-check';
import { MalformedMessageError } from '../protocol/errors.js';
import { FrameSplitter } from './frame-splitter.js';

function framed(content: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + content.length);
  frame.writeInt32BE(content.length);
  frame.set(content, 4);
  return frame;
}

test('frames come out whole, in order, however they were cut', () => {
  const contents = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(contents, cuts, (frames, lengths) => {
      const stream = Buffer.concat(frames.map(framed));
      const splitter = new FrameSplitter(1000);
      const found: Buffer[] = [];
      for (let start = 0; start < stream.length;) {
        const end = start + lengths.next().value!;
        found.push(...splitter.push(stream.subarray(start, end)));
        start = end;
      }
      expect(found.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
    }),
  );
});

test.each([-1, 1001, 2 ** 31 - 1])(
  'a frame of %i bytes is refused as soon as its length is there',
  (size) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(size);
    expect(() => new FrameSplitter(1000).push(length)).toThrow(MalformedMessageError);
  },
);
