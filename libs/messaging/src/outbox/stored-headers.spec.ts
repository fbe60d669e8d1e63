import { topic } from '@orderbridge/contracts';
import type { OutgoingMessage } from './outgoing-message.js';
import { readHeaders, storeHeaders } from './stored-headers.js';

const message = (parts: Partial<OutgoingMessage>): OutgoingMessage => ({
  messageId: 'm',
  destination: topic('t'),
  key: 'k',
  headers: {},
  body: Buffer.alloc(0),
  ...parts,
});

test.each<[string, Partial<OutgoingMessage>]>([
  ['text', { headers: { ce_id: '1', 'content-type': 'a/b', empty: '' } }],
  ['bytes that are no text', { headers: { ce_id: '1', raw: Buffer.from([0xff, 0, 0x80]) } }],
  ['a header that is there several times', { headers: { twice: ['a', Buffer.from([0xfe])] } }],
  ['a key that is no text', { keyBytes: Buffer.from([0xff]), headers: { a: 'b' } }],
  ['no key', { keyBytes: null, headers: {} }],
])('%s comes back as it was stored', (_, parts) => {
  const { headers, keyBytes } = message(parts);
  expect(readHeaders(JSON.parse(storeHeaders(message(parts))))).toEqual({
    headers,
    ...(keyBytes !== undefined && { keyBytes }),
  });
});
