import { callbackForgotten, callbackRegistered, whenNoCallbacks } from './callbacks.js';

test('disconnecting waits until no connection has a callback', () => {
  const done: string[] = [];
  const [first, second] = [{}, {}];
  whenNoCallbacks(() => done.push('at once'));
  callbackRegistered(first);
  callbackRegistered(second);
  whenNoCallbacks(() => done.push('later'));
  callbackForgotten(first);
  callbackForgotten(first);
  expect(done).toEqual(['at once']);
  callbackForgotten(second);
  expect(done).toEqual(['at once', 'later']);
  callbackForgotten(second);
  expect(done).toEqual(['at once', 'later']);
});
