import { readOptions } from './options.js';

test('all services reconcile on the ports of npm start unless asked otherwise', () => {
  expect(readOptions([])).toEqual({
    help: false,
    all: false,
    services: [
      { name: 'order', url: 'http://127.0.0.1:8081' },
      { name: 'inventory', url: 'http://127.0.0.1:8083' },
      { name: 'payment', url: 'http://127.0.0.1:8087' },
      { name: 'shipping', url: 'http://127.0.0.1:8084' },
    ],
    settleMs: 5_000,
    timeoutMs: Infinity,
  });
});

test('some services reconcile, wherever they are', () => {
  const args = '--service payment --service order --service payment --all --url payment=https://pay.example/';
  expect(readOptions([...args.split(' '), '--port-offset', '100', '--timeout-seconds', '60'])).toMatchObject({
    all: true,
    services: [
      { name: 'payment', url: 'https://pay.example' },
      { name: 'order', url: 'http://127.0.0.1:8181' },
    ],
    timeoutMs: 60_000,
  });
});

test.each([
  [['--service', 'gateway'], /gateway does not reconcile/],
  [['--url', 'payment'], /NAME=http/],
  [['--url', 'shop=http://x'], /shop does not reconcile/],
  [['--settle-seconds', 'soon'], /number from 0/],
  [['--timeout-seconds=-1'], /number from 0/],
])('%j says what to do', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
