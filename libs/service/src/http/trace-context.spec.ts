import type { FastifyRequest } from 'fastify';
import { causeOf, correlationId } from './trace-context.js';

const request = (headers: Record<string, string>) => ({ id: 'c1', headers }) as unknown as FastifyRequest;
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('keeps a proper correlation id and replaces any other', () => {
  expect(correlationId('order-42')).toBe('order-42');
  expect(correlationId('bad id\n')).toMatch(/^[0-9a-f]{32}$/);
  expect(correlationId(undefined)).toMatch(/^[0-9a-f]{32}$/);
});

test("hands on the caller's trace", () => {
  expect(causeOf(request({ traceparent, tracestate: 'a=1' }))).toEqual({
    correlationId: 'c1',
    traceparent,
    tracestate: 'a=1',
  });
});

test.each([{}, { traceparent: 'nonsense' }, { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }])(
  'begins a trace for %j',
  (headers) => {
    expect(causeOf(request(headers as Record<string, string>)).traceparent).toMatch(
      /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
    );
  },
);
