import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';

import { Harness } from './harness.js';

const mqsc = `
DEFINE QLOCAL(Q) REPLACE
`;
const users = { app: 'secret' };
const required = `${mqsc}
DEFINE AUTHINFO(APP.AUTH) AUTHTYPE(IDPWOS) CHCKCLNT(REQUIRED) REPLACE
ALTER QMGR CONNAUTH(APP.AUTH)
`;

let harness: Harness;
afterEach(() => harness.close());

test('passwords are checked when given, and asked for when the queue manager says so', async () => {
  harness = await Harness.start({ mqsc, users });
  const client = await harness.client();
  expect(await client.reason('connect', { user: 'app', password: 'wrong' })).toBe(2035);
  expect(await client.reason('connect', { user: 'nobody', password: 'secret' })).toBe(2035);
  expect(await client.reason('connect', { user: 'toString', password: 'secret' })).toBe(2035);
  expect(await client.reason('connect', { user: 'app', password: 'secret' })).toBe(0);
  expect(await client.reason('connect')).toBe(0);
  await harness.restart({ mqsc: required });
  expect(await client.reason('connect')).toBe(2035);
  expect(await client.reason('connect', { user: 'app', password: 'secret' })).toBe(0);
});

test('without users passwords are not checked, but asked for when the queue manager says so', async () => {
  harness = await Harness.start({ mqsc: required });
  const client = await harness.client();
  expect(await client.reason('connect')).toBe(2035);
  expect(await client.reason('connect', { user: 'app', password: 'anything' })).toBe(0);
});

test('messages carry the user and the application of their connection', async () => {
  harness = await Harness.start({ mqsc, users });
  const client = await harness.client();
  await client.call('connect', { user: 'app', password: 'secret', application: 'order service' });
  const { descriptor } = await client.call('put1', { name: 'Q', body: 'a' });
  expect(descriptor).toMatchObject({ UserIdentifier: 'app', PutApplName: 'order service', PutApplType: 6 });
  expect(descriptor.PutDate).toMatch(/^20\d{6}$/);
  expect(descriptor.PutTime).toMatch(/^\d{8}$/);
});

test('a server that speaks another protocol is a channel that is not available', async () => {
  harness = await Harness.start({ mqsc });
  const stranger = createServer((socket) => socket.end('220 smtp.example.com\r\n'));
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const client = await harness.client();
  const address = `127.0.0.1(${(stranger.address() as AddressInfo).port})`;
  expect(await client.reason('connect', { address })).toBe(2537);
  stranger.close();
});

test('a second queue manager cannot have the same data folder', async () => {
  harness = await Harness.start({ mqsc });
  await expect(Harness.start({ dataDir: harness.folder })).rejects.toThrow(/is in use/);
});
