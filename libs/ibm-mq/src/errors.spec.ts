import { IbmMqError } from './errors.js';

test('an error names verb, object, reason code and symbol, and what usually causes it', () => {
  const error = new IbmMqError({
    verb: 'MQOPEN',
    object: 'ORDERS.IN',
    reason: 2085,
    symbol: 'MQRC_UNKNOWN_OBJECT_NAME',
  });
  expect(error.message).toBe(
    'MQOPEN ORDERS.IN failed: MQRC_UNKNOWN_OBJECT_NAME (2085), ' +
      'no queue of this name on this queue manager; names are case-sensitive',
  );
  expect(error).toMatchObject({ verb: 'MQOPEN', object: 'ORDERS.IN', reason: 2085, inDoubt: false });
  expect(error.connectionLost).toBe(false);
});

test('a commit without an answer is in doubt', () => {
  const error = new IbmMqError({
    verb: 'MQCMIT',
    object: 'QM1',
    reason: 2009,
    symbol: 'MQRC_CONNECTION_BROKEN',
    inDoubt: true,
  });
  expect(error.connectionLost).toBe(true);
  expect(error.message).toMatch(/whether it was committed is unknown$/);
});

test('a reason code that explains itself stands alone', () => {
  const error = new IbmMqError({
    verb: 'MQPUT',
    object: 'Q',
    reason: 2010,
    symbol: 'MQRC_DATA_LENGTH_ERROR',
  });
  expect(error.message).toBe('MQPUT Q failed: MQRC_DATA_LENGTH_ERROR (2010)');
});
