import { readdirSync } from 'node:fs';
import * as exported from './index.js';
import {
  contractOf,
  decodeEvent,
  encodeEvent,
  fixtureOf,
  InvalidEventError,
  type EventContract,
} from './index.js';

const contracts = Object.values(exported as Record<string, unknown>).filter(
  (value): value is EventContract => typeof value === 'object' && value !== null && 'destinations' in value,
);

test('every contract has a fixture, and every fixture a contract', () => {
  const files = readdirSync(new URL('../fixtures', import.meta.url)).map((name) =>
    name.replace(/\.json$/, ''),
  );
  expect(contracts.map(({ type }) => type).toSorted()).toEqual(files.toSorted());
});

describe.each(contracts.map((contract) => [contract.type, contract] as const))('%s', (_, contract) => {
  const { key, headers, data } = fixtureOf(contract);
  const body = JSON.stringify(data);

  test('is read and written to the letter', () => {
    const event = decodeEvent(contract, headers, body);
    const encoded = encodeEvent(contract, event);
    expect(encoded.headers).toEqual(headers);
    expect(JSON.parse(encoded.body)).toEqual(data);
    expect(contract.key(event.data)).toBe(key);
  });

  test('is found by its type', () => {
    expect(contractOf(contract.type)).toBe(contract);
  });

  test('may gain fields without breaking its consumers', () => {
    const event = decodeEvent(contract, headers, JSON.stringify({ ...(data as object), addedLater: true }));
    expect(event.data).toEqual(data);
  });

  test.each(['ce_id', 'ce_type', 'ce_source', 'ce_time', 'ce_subject', 'ce_dataschema'])(
    'needs %s',
    (name) => {
      const { [name]: _removed, ...rest } = headers;
      expect(() => decodeEvent(contract, rest, body)).toThrow(InvalidEventError);
    },
  );

  test('is refused without the id of what it is about, with another schema version, or as anything but JSON', () => {
    const id = contract.type.startsWith('dead-letter.') ? 'deadLetterId' : 'orderId';
    const { [id]: _removed, ...rest } = data as Record<string, unknown>;
    expect(() => decodeEvent(contract, headers, JSON.stringify(rest))).toThrow(id);
    const other = { ...headers, ce_dataschema: `urn:orderbridge:${contract.type}:v2` };
    expect(() => decodeEvent(contract, other, body)).toThrow(/v2/);
    expect(() => decodeEvent(contract, headers, 'no json')).toThrow(InvalidEventError);
  });
});
