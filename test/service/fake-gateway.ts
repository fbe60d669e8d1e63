import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  readonly path: string;
  readonly key: string;
  readonly body: { amount: number; currency?: string; source?: string; charge?: string; reference: string };
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes the answer instead. */
  readonly raw?: (response: ServerResponse) => void;
}

/** A payment gateway as the test wants it. */
export class FakeGateway {
  readonly calls: Call[] = [];
  answer: (call: Call, nth: number) => Answer | 'silence' = ({ key }) => ({
    status: 201,
    body: { id: `ch_${key}`, status: 'succeeded' },
  });
  /** What it has charged: it says so when it is asked by key or by reference. */
  readonly made = new Map<
    string,
    { id: string; reference: string; amount: number; currency: string; status: string; refundId?: string }
  >();
  /** Ids of refunds by charge. */
  readonly refunded = new Map<string, string>();
  /** Entries of a page of a whole list. */
  pageSize = 200;
  /** Questions so far. */
  readonly lookups: string[] = [];
  /** What is answered to questions instead. */
  lookupAnswer: ((url: string) => { status: number; body: unknown } | undefined) | undefined;
  readonly #server: Server = createServer((message, response) => void this.#handle(message, response));

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Calls about an order: charges, unless asked for refunds. */
  of(orderId: string, path = '/v1/charges'): Call[] {
    return this.calls.filter((call) => call.body.reference === orderId && call.path === path);
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    if (message.method === 'GET') return this.#answerLookup(message.url as string, response);
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const call: Call = {
      path: message.url as string,
      key: message.headers['idempotency-key'] as string,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    };
    this.calls.push(call);
    const answer = this.answer(call, this.of(call.body.reference, call.path).length);
    if (answer === 'silence') return;
    if (answer.status === 201 && call.path === '/v1/charges') this.make(call);
    if (answer.raw) return answer.raw(response);
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      .end(JSON.stringify(answer.body));
  }

  /** Charges, whatever is answered. */
  make({ key, body }: Call): void {
    const { reference, amount, currency = 'EUR' } = body;
    if (!this.made.has(key))
      this.made.set(key, { id: `ch_${key}`, reference, amount, currency, status: 'succeeded' });
  }

  #answerLookup(url: string, response: ServerResponse): void {
    this.lookups.push(url);
    const { status, body } = this.lookupAnswer?.(url) ?? this.#look(new URL(url, 'http://gateway'));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #look({ pathname, searchParams }: URL): { status: number; body: unknown } {
    const byKey = /^\/v1\/charges\/by-key\/(.+)$/.exec(pathname)?.[1];
    const charges = [...this.made.values()];
    if (byKey !== undefined) {
      const made = this.made.get(decodeURIComponent(byKey));
      return made
        ? { status: 200, body: made }
        : { status: 404, body: { code: 'no_such_charge', message: 'Nothing was done under the key.' } };
    }
    if (pathname === '/v1/charges') {
      const reference = searchParams.get('reference');
      if (reference === null) {
        const { page, nextCursor } = this.#page(charges, searchParams);
        const shown = page.map((charge) => ({
          ...charge,
          refundId: this.refunded.get(charge.id) ?? charge.refundId,
        }));
        return { status: 200, body: { charges: shown, nextCursor } };
      }
      const found = charges.filter((charge) => charge.reference === reference);
      return { status: 200, body: { charges: found } };
    }
    const charge = searchParams.get('charge');
    const { page: refunds, nextCursor } = this.#page(
      [...this.refunded].filter(([of]) => charge === null || of === charge),
      searchParams,
    );
    const referenceOf = (of: string) => charges.find(({ id }) => id === of);
    return {
      status: 200,
      body: {
        refunds: refunds.map(([of, id]) => ({
          id,
          charge: of,
          reference: referenceOf(of)?.reference ?? 'unknown',
          amount: referenceOf(of)?.amount ?? 0,
        })),
        nextCursor,
      },
    };
  }

  #page<Item>(items: readonly Item[], searchParams: URLSearchParams): { page: Item[]; nextCursor?: string } {
    const from = Number(searchParams.get('after') ?? 0);
    const to = from + this.pageSize;
    return { page: items.slice(from, to), ...(to < items.length && { nextCursor: `${to}` }) };
  }
}
