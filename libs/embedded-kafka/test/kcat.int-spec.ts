import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { BrokerFixture } from '../test-support/broker-fixture.js';

// librdkafka through its command kcat (Debian package of that name); without it these tests have nothing to do.
const isInstalled = spawnSync('kcat', ['-V']).status === 0;
let fixture: BrokerFixture;

beforeEach(async () => {
  fixture = await BrokerFixture.start();
});

afterEach(() => fixture.stop());

async function kcat(options: string[], input = ''): Promise<string[]> {
  const child = spawn('kcat', ['-b', fixture.broker.address, '-q', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(input);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  expect(code).toBe(0);
  return output.split('\n').filter((line) => line !== '');
}

test('kcat produces with every compression, idempotently, and consumes', async () => {
  if (!isInstalled) return;
  const padding = 'x'.repeat(200);
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
  for (const codec of codecs) {
    const lines = Array.from({ length: 20 }, (_, index) => `${codec} ${index} ${padding}\n`).join('');
    await kcat(['-P', '-t', 'orders', '-p', '0', '-z', codec, '-X', 'enable.idempotence=true'], lines);
  }
  const consumed = await kcat(['-C', '-t', 'orders', '-p', '0', '-o', 'beginning', '-e', '-f', '%o %s\n']);
  const expected = codecs.flatMap((codec) =>
    Array.from({ length: 20 }, (_, index) => `${codec} ${index} ${padding}`),
  );
  expect(consumed).toEqual(expected.map((value, offset) => `${offset} ${value}`));
});

test('kcat joins a group and goes on where the group is', async () => {
  if (!isInstalled) return;
  const readAll = () => kcat(['-G', 'group', '-X', 'auto.offset.reset=earliest', '-e', 'orders']);
  await kcat(['-P', '-t', 'orders'], 'one\ntwo\n');
  expect((await readAll()).toSorted()).toEqual(['one', 'two']);
  await kcat(['-P', '-t', 'orders'], 'three\n');
  expect(await readAll()).toEqual(['three']);
});

test('kcat is refused a transaction for good', async () => {
  if (!isInstalled) return;
  const child = spawn('kcat', [
    '-b',
    fixture.broker.address,
    '-P',
    '-t',
    'orders',
    '-X',
    'transactional.id=t',
  ]);
  child.stdin.end('never\n');
  const [errors] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(errors).toContain('Transactional Id authorization failed');
});
