import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { brokerUnderTest } from './broker-under-test.js';
import { eventually } from './wire.js';

// librdkafka, through its command kcat.
const broker = brokerUnderTest();

async function kcat(options: string[], input = ''): Promise<string[]> {
  const child = spawn('kcat', ['-b', broker.current.address, '-q', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(input);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  expect(code).toBe(0);
  return output.split('\n').filter((line) => line !== '');
}

const readAll = (topic: string, format = '%o %s\n') =>
  kcat(['-C', '-t', topic, '-p', '0', '-o', 'beginning', '-e', '-f', format]);

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'kcat produces idempotently with compression %s, and consumes',
  async (codec) => {
    const topic = await broker.current.topic();
    const values = Array.from({ length: 20 }, (_, index) => `${codec} ${index} ${'x'.repeat(200)}`);
    const lines = values.map((value) => `${value}\n`).join('');
    const options = ['-z', codec, '-X', 'enable.idempotence=true'];
    await kcat(['-P', '-t', topic, '-p', '0', ...options], lines);
    expect(await readAll(topic)).toEqual(values.map((value, offset) => `${offset} ${value}`));
  },
);

test.each(['0', '1', 'all'])('kcat produces with acks %s', async (acks) => {
  const topic = await broker.current.topic();
  await kcat(['-P', '-t', topic, '-p', '0', '-X', `acks=${acks}`], 'one\ntwo\n');
  await eventually(async () => (await readAll(topic)).length === 2);
  expect(await readAll(topic, '%s\n')).toEqual(['one', 'two']);
});

test('kcat sends and gets keys, headers and null', async () => {
  const topic = await broker.current.topic();
  await kcat(['-P', '-t', topic, '-p', '0', '-K', ':', '-Z', '-H', 'type=created'], 'a:one\nb:\n');
  expect(await readAll(topic, '%k %S %h\n')).toEqual(['a 3 type=created', 'b -1 type=created']);
});

test('kcat creates a topic by using it', async () => {
  const topic = broker.current.name('automatic');
  await kcat(['-P', '-t', topic, '-p', '0'], 'hello\n');
  expect(await readAll(topic, '%s\n')).toEqual(['hello']);
});

test('kcat finds offsets by time', async () => {
  const topic = await broker.current.topic();
  const producer = await broker.current.connect(broker.current.kafka().producer());
  const start = Date.now() - 10_000;
  for (const time of [start, start + 1000]) {
    await producer.send({ topic, messages: [{ value: 'x', timestamp: String(time) }] });
  }
  const found = await kcat(['-Q', '-t', `${topic}:0:${start + 500}`]);
  expect(found).toEqual([`${topic} [0] offset 1`]);
});

test('kcat starts at the end, and gets what comes', async () => {
  const topic = await broker.current.topic();
  await kcat(['-P', '-t', topic, '-p', '0'], 'past\n');
  expect(await kcat(['-C', '-t', topic, '-p', '0', '-o', 'end', '-e'])).toEqual([]);
  expect(await kcat(['-C', '-t', topic, '-p', '0', '-o', '-1', '-e'])).toEqual(['past']);
});

test('kcat joins a group and goes on where the group is', async () => {
  const topic = await broker.current.topic(3);
  const group = broker.current.name('group');
  const next = () => kcat(['-G', group, '-X', 'auto.offset.reset=earliest', '-e', topic]);
  await kcat(['-P', '-t', topic], 'one\ntwo\n');
  expect((await next()).toSorted()).toEqual(['one', 'two']);
  await kcat(['-P', '-t', topic], 'three\n');
  expect(await next()).toEqual(['three']);
});

test('two members of kcat share the partitions of a topic', async () => {
  const topic = await broker.current.topic(2);
  const group = broker.current.name('group');
  const received: string[][] = [[], []];
  for (const lines of received) {
    const options = ['-G', group, '-X', 'auto.offset.reset=earliest', '-u', '-f', '%p %s\n', topic];
    const child = spawn('kcat', ['-b', broker.current.address, ...options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    broker.current.onEnd(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    createInterface(child.stdout).on('line', (line) => lines.push(line));
  }
  const admin = await broker.current.admin();
  await eventually(async () => {
    const { groups } = await admin.describeGroups([group]);
    return groups[0]!.state === 'Stable' && groups[0]!.members.length === 2;
  });
  // A client may still get what it had asked for before the last rebalance.
  let round = 0;
  await eventually(async () => {
    const value = `round ${++round}`;
    for (const partition of ['0', '1']) await kcat(['-P', '-t', topic, '-p', partition], `${value}\n`);
    const got = () => received.map((lines) => lines.filter((line) => line.endsWith(` ${value}`)));
    await eventually(() => new Set(got().flat()).size === 2);
    return got().every((lines) => lines.length === 1);
  });
});
