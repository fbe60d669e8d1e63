import type { Connection, Output } from '../connection/connection.js';
import { IbmMqError } from '../errors.js';
import type { MQMD } from '../mqi/ibmmq.js';
import { putInto } from './put-message.js';

/** A connection whose puts fail with the reasons in turn; 0 is success. */
function connection(...reasons: number[]) {
  const verbs: string[] = [];
  let opened = 0;
  const fake = {
    put(output: { name: string }) {
      const reason = reasons.shift() ?? 0;
      verbs.push(`put ${output.name} ${reason}`);
      if (reason !== 0) throw new IbmMqError({ verb: 'MQPUT', object: 'Q', reason, symbol: 'X' });
    },
    closeOutput(output: { name: string }) {
      verbs.push(`close ${output.name}`);
    },
  };
  const put = () =>
    putInto(
      fake as unknown as Connection,
      () => ({ name: `Q${++opened}` }) as unknown as Output,
      {} as MQMD,
      Buffer.alloc(0),
    );
  return { put, verbs };
}

test.each([2041, 2052, 2019])(
  'a queue that was changed since it was opened (%i) is opened again',
  (reason) => {
    const { put, verbs } = connection(reason);
    put();
    expect(verbs).toEqual([`put Q1 ${reason}`, 'close Q1', 'put Q2 0']);
  },
);

test('any other reason is told', () => {
  const { put, verbs } = connection(2053);
  expect(put).toThrow('2053');
  expect(verbs).toEqual(['put Q1 2053']);
});

test('a queue that is gone for good is tried once', () => {
  const { put } = connection(2041, 2041);
  expect(put).toThrow('2041');
});
