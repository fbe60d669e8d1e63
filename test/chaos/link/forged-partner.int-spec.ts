import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ForgedPartner } from './forged-partner.js';
import { GARBAGE, type Garbage } from './garbage.js';

const asked: string[] = [];
let partner: Server;
let port: number;

beforeEach(async () => {
  asked.length = 0;
  partner = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.end('charged');
    });
  });
  partner.listen(0, '127.0.0.1');
  await once(partner, 'listening');
  ({ port } = partner.address() as AddressInfo);
});

afterEach(() => partner.close());

const charge = (forged: ForgedPartner): Promise<Response> =>
  fetch(`http://127.0.0.1:${forged.port}/charges`, { method: 'POST', body: 'one', redirect: 'manual' });

test('the partner does what it was asked, and something else is answered', async () => {
  const forged = await ForgedPartner.open(port, 'foreign 404');
  const answer = await charge(forged);
  expect([answer.status, await answer.text()]).toEqual([
    404,
    '{"message":"no Route matched with those values"}',
  ]);
  expect(asked).toEqual(['POST /charges one']);
  expect(forged.answered).toBe(1);
  await forged.close();
});

test('the partner hears of nothing', async () => {
  const forged = await ForgedPartner.open(undefined, 'proxy 502');
  expect((await charge(forged)).status).toBe(502);
  expect(asked).toEqual([]);
  await forged.close();
});

test.each(Object.keys(GARBAGE) as Garbage[])(
  '%s is answered, and never what the partner said',
  async (garbage) => {
    const forged = await ForgedPartner.open(undefined, garbage);
    const answer = await charge(forged);
    const reader = answer.body?.getReader();
    const first = await reader?.read().catch(() => undefined);
    expect(Buffer.from(first?.value ?? []).toString()).not.toContain('charged');
    await reader?.cancel().catch(() => undefined);
    await forged.close();
  },
);
