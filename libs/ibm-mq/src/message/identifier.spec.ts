import { fromIdentifier, toIdentifier } from './identifier.js';

test('hex digits and UUIDs are padded to 24 bytes, and come back as 48 digits', () => {
  expect(fromIdentifier(toIdentifier('c0ffee'))).toBe('c0ffee'.padEnd(48, '0'));
  expect(fromIdentifier(toIdentifier('0AF76519-16cd-43dd-8448-eb211c80319c'))).toBe(
    '0af7651916cd43dd8448eb211c80319c'.padEnd(48, '0'),
  );
  expect(toIdentifier('ab'.repeat(24))).toEqual(Buffer.alloc(24, 0xab));
});

test('no identifier is none', () => {
  expect(fromIdentifier(Buffer.alloc(24))).toBeUndefined();
});

test.each(['', 'xyz', 'abc', 'ab'.repeat(25), 'order 1'])('"%s" is refused', (text) => {
  expect(() => toIdentifier(text)).toThrow(TypeError);
});
