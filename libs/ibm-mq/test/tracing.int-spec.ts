import { jest } from '@jest/globals';
import { Harness } from './harness.js';
import type { Program } from './program.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly links: readonly string[];
  readonly attributes: Record<string, unknown>;
  readonly status: string;
}

let harness: Harness;
let program: Program;
beforeEach(async () => {
  harness = await Harness.start();
  program = await harness.program('traced');
  await program.call('start', { connection: harness.connection });
});
afterEach(() => harness.close());

const send = (...messages: object[]) =>
  program.call(
    'send',
    messages.map((message) => ({ queue: 'IN', ...message })),
  );
const spans = async () => {
  const all = await program.call<Span[]>('spans');
  return (name: string) => all.filter((span) => span.name === name);
};

test('from the request over the message to what its handler sends is one trace', async () => {
  await send({ body: 'a', correlationId: 'c0ffee' });
  await program.call('consume', 10);
  await program.event('committed');
  const named = await spans();
  const [request, sent, process, work, passedOn] = [
    'request',
    'send IN',
    'process IN',
    'work',
    'send OUT',
  ].map((name) => named(name)[0]);
  expect(sent).toMatchObject({ kind: 'PRODUCER', parent: request?.id });
  expect(process).toMatchObject({ kind: 'CONSUMER', trace: request?.trace, parent: sent?.id, links: [] });
  expect(work).toMatchObject({ parent: process?.id });
  expect(passedOn).toMatchObject({ kind: 'PRODUCER', parent: work?.id, trace: request?.trace });
  expect(process?.attributes).toEqual({
    'messaging.system': 'ibmmq',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'IN',
    'messaging.message.id': expect.stringMatching(/^[0-9a-f]{48}$/) as string,
    'messaging.message.conversation_id': 'c0ffee'.padEnd(48, '0'),
  });
  const raw = await harness.raw();
  const out = await raw.getWithProperties('OUT');
  expect(out).toMatchObject({
    properties: { traceparent: [`00-${request?.trace}-${passedOn?.id}-01`, 1024] },
  });
});

test('a batch is linked to the traces of its messages; a message keeps the context that it brings', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await send({ body: 'a', headers: { traceparent } }, { body: 'b' });
  await program.call('consume', 10);
  await program.event('committed');
  const named = await spans();
  const [sent] = named('send IN');
  expect(sent).toMatchObject({
    links: ['b7ad6b7169203331'],
    attributes: { 'messaging.batch.message_count': 2 },
  });
  const [process] = named('process IN');
  expect(process).toMatchObject({
    links: ['b7ad6b7169203331', sent?.id],
    attributes: { 'messaging.batch.message_count': 2 },
  });
  expect(process?.parent).toBeUndefined();
});

test('what fails is marked', async () => {
  await send({ body: 'fail' });
  await program.call('consume', 1);
  await program.event('committed');
  await expect(send({ queue: 'NOWHERE', body: 'a' })).rejects.toMatchObject({ reason: 2085 });
  const named = await spans();
  expect(named('process IN')).toMatchObject([
    { status: 'ERROR', attributes: { 'error.type': 'RangeError' } },
    { status: 'UNSET' },
  ]);
  expect(named('send NOWHERE')).toMatchObject([
    { status: 'ERROR', attributes: { 'error.type': 'MQRC_UNKNOWN_OBJECT_NAME' } },
  ]);
});
