import { RecordedSpans, traceparentOf } from '../../../test/tracing/recorded-spans.js';
import { inSpan, tracer } from './spans.js';
import { headersOf, within } from './trace-context.js';

const cause = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' };
const call = { name: 'call', kind: 'client', attributes: {} } as const;

test('while nothing is traced a cause stays as it is, and is passed on', async () => {
  expect(within(tracer.startSpan('nothing'), cause)).toBe(cause);
  await inSpan(cause, call, async (context) => {
    expect(headersOf(context)).toEqual(cause);
    return Promise.resolve();
  });
  expect(headersOf({})).toEqual({});
});

describe('with an SDK', () => {
  let spans: RecordedSpans;
  beforeAll(() => {
    spans = new RecordedSpans();
  });
  afterEach(() => spans.forget());
  afterAll(() => spans.close());

  test('what follows from a span names it, and keeps the rest of its cause', async () => {
    const context = await inSpan({ ...cause, correlationId: 'c' } as typeof cause, call, (inside) =>
      Promise.resolve(inside),
    );
    const [span] = spans.named('call');
    expect(span?.parentSpanContext).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
    });
    expect(context).toEqual({
      traceparent: span && traceparentOf(span),
      tracestate: 'a=1',
      correlationId: 'c',
    });
  });

  test('what has no cause begins a trace; what its caller does not record is not recorded', async () => {
    await inSpan({}, call, () => Promise.resolve());
    expect(spans.all.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined]);
    spans.forget();
    const unrecorded = { traceparent: cause.traceparent.replace(/01$/, '00') };
    const context = await inSpan(unrecorded, call, (inside) => Promise.resolve(inside));
    expect(spans.all).toEqual([]);
    expect(context.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  });

  test('a failure is recorded, and thrown', async () => {
    const failure = new RangeError('too far');
    await expect(inSpan(cause, call, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(spans.all).toMatchObject([
      {
        attributes: { 'error.type': 'RangeError' },
        status: { code: 2 },
        events: [{ name: 'exception', attributes: { 'exception.message': 'too far' } }],
      },
    ]);
  });
});
