import { addressList } from './connection-options.js';

test.each([
  ['mq1(1414)', ['mq1(1414)']],
  ['mq1:1414', ['mq1(1414)']],
  ['mq1(1414), mq2:1415 ,mq3', ['mq1(1414)', 'mq2(1415)', 'mq3']],
  [
    ['mq1:1414', '10.0.0.1(1414)'],
    ['mq1(1414)', '10.0.0.1(1414)'],
  ],
  [undefined, []],
  ['', []],
])('%j is the list %j', (addresses, list) => expect(addressList(addresses)).toEqual(list));
