import { crc32c } from './crc32c.js';

test.each([
  ['', 0],
  ['a', 0xc1d04330],
  ['123456789', 0xe3069283],
  ['The quick brown fox jumps over the lazy dog', 0x22620404],
])('the CRC-32C of %p', (text, expected) => {
  expect(crc32c(Buffer.from(text))).toBe(expected);
});

test('32 zero bytes, from RFC 3720', () => {
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
});
