import { identityOf, isAnotherTopic, isOfAnotherTopic } from './position-identity.js';

const ID = '00112233445566778899aabbccddeeff';
const OTHER = 'ffeeddccbbaa99887766554433221100';

test('a position in another topic is told from one in this topic', () => {
  expect(isOfAnotherTopic(identityOf(ID), ID)).toBe(false);
  expect(isOfAnotherTopic(identityOf(OTHER), ID)).toBe(true);
});

test.each([null, undefined, '', 'written by another client', ID])(
  'a position that says nothing of its topic is one in this topic: %p',
  (metadata) => expect(isOfAnotherTopic(metadata, OTHER)).toBe(false),
);

test('nothing is another topic for a broker that knows no ids', () => {
  expect(identityOf(undefined)).toBeNull();
  expect(isOfAnotherTopic(identityOf(ID), undefined)).toBe(false);
  expect(isAnotherTopic(ID, undefined)).toBe(false);
  expect(isAnotherTopic(undefined, ID)).toBe(false);
  expect(isAnotherTopic(ID, OTHER)).toBe(true);
});
