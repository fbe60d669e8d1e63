import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { CARRIER_WSDL, shipTo } from '@orderbridge/contracts';
import { PermanentError } from '@orderbridge/messaging';
import { ItemFailedError, PartnerUnavailableError } from '@orderbridge/work-items';
import fc from 'fast-check';
import { listen } from 'soap';
import { CarrierClient } from './carrier.client.js';
import { isAnswered } from './request-faulted.error.js';

const item = {
  id: '0193e5a0-0000-7000-8000-000000000003',
  attempts: 1,
  itemFailures: 0,
  answered: 0,
  expectsLabel: false,
  cause: { correlationId: 'c', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  orderId: '0193e5a0-0000-7000-8000-000000000001',
  pieces: 3,
  shipTo: {
    name: 'Ada & Söhne <GmbH>',
    street: '1 Market Street',
    postalCode: '10115',
    city: 'Berlin',
    country: 'DE',
  },
};
const LABEL = { shipmentReference: 'SHP-1', trackingNumber: 'MP0000000001DE', carrier: 'Mock Parcel' };
const DECISION = {
  booked: true,
  carrier: 'Mock Parcel',
  carrierReference: 'SHP-1',
  trackingNumber: 'MP0000000001DE',
};
const envelope = (body: string) =>
  `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:tns="urn:orderbridge:carrier:v1"><soap:Body>${body}</soap:Body></soap:Envelope>`;
const created = ({ shipmentReference, trackingNumber, carrier }: typeof LABEL) =>
  envelope(
    `<tns:createShipmentResponse><tns:shipmentReference>${shipmentReference}</tns:shipmentReference><tns:trackingNumber>${trackingNumber}</tns:trackingNumber><tns:carrier>${carrier}</tns:carrier></tns:createShipmentResponse>`,
  );
const XML = { 'content-type': 'text/xml; charset=utf-8' };

describe('CarrierClient', () => {
  let server: Server;
  let endpoint: string;
  let client: CarrierClient;
  let handle: (request: unknown) => Promise<unknown>;
  /** Answers in place of the SOAP service, to clients of `/raw`. */
  let raw: (response: ServerResponse) => void;
  const clients: CarrierClient[] = [];
  const requests: unknown[] = [];
  const traces: unknown[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = createServer((request, response) => {
      request.resume();
      raw(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const method = (request: unknown, _callback: unknown, _headers: unknown, http: IncomingMessage) => {
      requests.push(request);
      traces.push(http.headers['traceparent']);
      return handle(request);
    };
    const operations = ['createShipment', 'voidShipment', 'getShipment', 'getDeliveries', 'listShipments'];
    const soap = listen(server, {
      path: '/carrier',
      xml: readFileSync(CARRIER_WSDL, 'utf8'),
      services: {
        CarrierService: { CarrierPort: Object.fromEntries(operations.map((name) => [name, method])) },
      },
    });
    soap['wsdl'].options.preserveWhitespace = true;
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  beforeEach(() => {
    requests.length = 0;
    client = clientOf(`${endpoint}/carrier`);
  });
  afterEach(() => Promise.all(clients.splice(0).map((one) => one.onApplicationShutdown())));

  const clientOf = (url: string) => {
    const one = new CarrierClient(url, 500, 4);
    clients.push(one);
    return one;
  };
  const answerBy = (respond: (response: ServerResponse) => void) => {
    raw = respond;
    client = clientOf(`${endpoint}/raw`);
  };
  const answer = (body: string | Buffer, headers: Record<string, string> = XML, status = 200) =>
    answerBy((response) => response.writeHead(status, headers).end(body));
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      (value) => value,
      (error: unknown) => error,
    );

  test('books by the WSDL, whatever letters the address has', async () => {
    handle = () => Promise.resolve(LABEL);
    await expect(client.createShipment(item)).resolves.toEqual(DECISION);
    expect(requests).toEqual([{ orderId: item.orderId, pieces: '3', recipient: item.shipTo }]);
    expect(traces.at(-1)).toBe(item.cause.traceparent);
  });

  describe('text', () => {
    beforeEach(() => {
      handle = () => Promise.resolve(LABEL);
    });
    const received = async (address: typeof item.shipTo) => {
      requests.length = 0;
      const outcome = await failure(client.createShipment({ ...item, shipTo: address }));
      return { outcome, requests: [...requests] };
    };

    test.each([
      '<![CDATA[]]></x>]]>',
      '<![CDATA[Elsewhere]]>',
      '<![CDATA[]]></name></recipient><orderId>0193e5a0-0000-7000-8000-000000000009</orderId><![CDATA[]]>',
      '&lt;![CDATA[x]]&gt;',
      ']]>',
      '&amp;amp;&#0;&unknown;',
      ' \t leading and trailing \n',
      '$xml',
      '\u{1F469}\u200D\u{1F680} \uFEFF\uFFFD',
    ])('%j reaches the carrier as it is', async (given) => {
      const address = { ...item.shipTo, name: given, street: given, city: given };
      const { requests: sent } = await received(address);
      expect(sent).toEqual([{ orderId: item.orderId, pieces: '3', recipient: address }]);
    });

    test('any text reaches the carrier as it is, or never', async () => {
      const part = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 8 }),
        fc.string({ unit: 'grapheme', maxLength: 8 }),
        fc.constantFrom(
          '<![CDATA[',
          ']]>',
          '<!--',
          '-->',
          '<?xml ?>',
          '&',
          '<',
          '>',
          '"',
          '&#x0;',
          '\r\n',
          ' ',
          '\ud800',
        ),
      );
      const anyText = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
      await fc.assert(
        fc.asyncProperty(anyText, anyText, anyText, async (name, street, city) => {
          const address = { ...item.shipTo, name, street, city };
          const { outcome, requests: sent } = await received(address);
          if (shipTo.safeParse(address).success)
            expect(sent).toEqual([{ orderId: item.orderId, pieces: '3', recipient: address }]);
          else expect([sent, outcome]).toEqual([[], expect.any(PermanentError)]);
        }),
        { numRuns: 300 },
      );
    });

    test('an object in the place of text is never sent', async () => {
      for (const name of [{ $xml: '<x/>' }, { $value: 'x' }, { attributes: { a: 'b' } }, ['a'], null]) {
        const address = { ...item.shipTo, name: name as unknown as string };
        expect(await received(address)).toEqual({ outcome: expect.any(PermanentError), requests: [] });
      }
      const more = { ...item.shipTo, $xml: '<x/>', attributes: { a: 'b' }, 'tns:orderId': 'x' };
      expect((await received(more)).requests).toEqual([
        { orderId: item.orderId, pieces: '3', recipient: item.shipTo },
      ]);
    });
  });

  const fault =
    (code: string, faultcode = 'soap:Client') =>
    () =>
      Promise.reject({
        Fault: {
          faultcode,
          faultstring: 'no',
          detail: { carrierFault: { code, message: 'The carrier does not know the postal code 00000.' } },
        },
      });

  test("a refusal is the carrier's decision", async () => {
    handle = fault('InvalidAddress');
    await expect(client.createShipment(item)).resolves.toEqual({
      booked: false,
      code: 'InvalidAddress',
      reason: 'The carrier does not know the postal code 00000.',
    });
    handle = fault('AlreadyDelivered');
    await expect(client.voidShipment(item)).resolves.toMatchObject({ code: 'AlreadyDelivered' });
    handle = fault('NotFound');
    await expect(client.getShipment(item)).resolves.toBeUndefined();
  });

  test('a shipment that was voided before is told from a new one', async () => {
    handle = () => Promise.resolve({ ...LABEL, status: 'VOIDED' });
    await expect(client.createShipment(item)).resolves.toEqual({ ...DECISION, voided: true });
    const shipment = { ...LABEL, orderId: item.orderId };
    handle = () => Promise.resolve({ shipment: { ...shipment, status: 'VOIDED' } });
    await expect(client.getShipment(item)).resolves.toMatchObject({ voided: true });
    const deliveredAt = new Date('2026-11-21T09:30:00.000Z');
    handle = () =>
      Promise.resolve({
        shipment: { ...shipment, status: 'DELIVERED', deliveredAt: deliveredAt.toISOString() },
      });
    await expect(client.getShipment(item)).resolves.toMatchObject({ deliveredAt });
  });

  test.each([
    { trackingNumber: '' },
    { trackingNumber: 'M'.repeat(10_000) },
    { carrier: '' },
    { shipmentReference: '' },
    { status: 'DELIVERED', deliveredAt: '' },
    { status: 'DELIVERED', deliveredAt: '9999-12-31T23:59:59Z' },
  ])('what of a shipment cannot be used is left out of what is found: %j', async (unusable) => {
    const shipment = { ...LABEL, orderId: item.orderId, status: 'BOOKED', ...unusable };
    handle = () => Promise.resolve({ shipment });
    const { carrier, shipmentReference, trackingNumber } = LABEL;
    const usable = { carrier, carrierReference: shipmentReference, trackingNumber };
    const name = Object.keys(unusable).at(-1) ?? '';
    const left = Object.entries(usable).filter(
      ([key]) => key !== (name === 'shipmentReference' ? 'carrierReference' : name),
    );
    await expect(client.getShipment(item)).resolves.toEqual(Object.fromEntries(left));
  });

  describe('a failure is', () => {
    test("the item's when the carrier faults the request, without effect", async () => {
      for (const code of ['InvalidRequest', 'Whatever']) {
        handle = fault(code);
        const error = await failure(client.createShipment(item));
        expect([error, isAnswered(error as Error)]).toEqual([expect.any(ItemFailedError), true]);
      }
      answer(
        envelope(
          '<soap:Fault><faultcode>soap:Client</faultcode><faultstring>schema</faultstring></soap:Fault>',
        ),
        XML,
        500,
      );
      expect(isAnswered((await failure(client.createShipment(item))) as Error)).toBe(true);
    });

    test.each<[string, () => void]>([
      ['a fault of its own', () => (handle = fault('Internal', 'soap:Server'))],
      ['silence', () => (handle = () => new Promise(() => undefined))],
      [
        'a 404 of a proxy',
        () => answer('<!DOCTYPE html><html><br></html>', { 'content-type': 'text/html' }, 404),
      ],
      ['a 502 of a proxy', () => answer('<html>Bad gateway</html>', { 'content-type': 'text/html' }, 502)],
      ['an empty answer', () => answer('')],
      ['JSON', () => answer('{"error":"no"}', { 'content-type': 'application/json' }, 400)],
      ['XML that is not well-formed', () => answer(envelope('<a></b>'))],
    ])("the carrier's: %s", async (_, arrange) => {
      arrange();
      const error = await failure(client.createShipment(item));
      expect(error).toBeInstanceOf(PartnerUnavailableError);
      expect((error as PartnerUnavailableError).mayBeItem).toBe(true);
    });

    test('never the item’s when there is no connection', async () => {
      client = clientOf('http://127.0.0.1:1/carrier');
      const error = await failure(client.createShipment(item));
      expect(error).toMatchObject({ name: 'PartnerUnavailableError', mayBeItem: false });
    });

    test('followed by the pause that the carrier asks for', async () => {
      answer('Busy', { 'retry-after': '7' }, 503);
      expect(await failure(client.createShipment(item))).toMatchObject({ retryAfterMs: 7_000 });
      answer(
        envelope(
          '<soap:Fault><faultcode>soap:Server</faultcode><faultstring>busy</faultstring></soap:Fault>',
        ),
        { ...XML, 'retry-after': '9' },
        503,
      );
      expect(await failure(client.createShipment(item))).toMatchObject({ retryAfterMs: 9_000 });
    });
  });

  describe('an answer', () => {
    const ENTITIES = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>';

    test.each<[string, string | Buffer, Record<string, string>?]>([
      ['an empty tracking number', created({ ...LABEL, trackingNumber: '' })],
      ['a tracking number of spaces', created({ ...LABEL, trackingNumber: '   ' })],
      ['a tracking number of 10,000 characters', created({ ...LABEL, trackingNumber: 'M'.repeat(10_000) })],
      ['a tracking number with a line end', created({ ...LABEL, trackingNumber: 'M&#10;1' })],
      ['a NUL in the reference', created({ ...LABEL, shipmentReference: 'S&#0;1' })],
      ['a carrier of 10,000 characters', created({ ...LABEL, carrier: 'x'.repeat(10_000) })],
      ['elements in a text', created({ ...LABEL, carrier: '<a/><a/>' })],
      [
        'a tracking number twice',
        created({
          ...LABEL,
          carrier: 'c</tns:carrier><tns:trackingNumber>X</tns:trackingNumber><tns:carrier>c',
        }),
      ],
      ['a document type', ENTITIES + created(LABEL)],
      ['a document type and an entity', ENTITIES + created({ ...LABEL, carrier: '&b;' })],
      ['a document in a document', created({ ...LABEL, carrier: `<![CDATA[${'<?xml'.repeat(1_000)}]]>` })],
      ['100,000 levels', envelope('<a>'.repeat(100_000))],
      ['100,000 elements', envelope('<a/>'.repeat(100_000))],
      [
        '1,000 attributes',
        envelope(`<a ${Array.from({ length: 1_000 }, (__, n) => `a${n}="1"`).join(' ')}/>`),
      ],
      ['an element __proto__', envelope('<__proto__><a>1</a></__proto__>')],
      ['references between elements', envelope('<a id="1"><b href="#1"/></a>')],
      ['more than a megabyte', created({ ...LABEL, carrier: 'x'.repeat(1_100_000) })],
      ['a raw NUL', created({ ...LABEL, carrier: 'a\0b' })],
      ['UTF-8 that is none', Buffer.from(created({ ...LABEL, carrier: 'Ö' }), 'latin1')],
      ['a charset that does not exist', created(LABEL), { 'content-type': 'text/xml; charset=klingon' }],
      ['an unknown content encoding', created(LABEL), { ...XML, 'content-encoding': 'zstd' }],
      ['gzip that is none', created(LABEL), { ...XML, 'content-encoding': 'gzip' }],
      [
        'gzip that inflates to 100 MB',
        gzipSync(Buffer.alloc(100_000_000)),
        { ...XML, 'content-encoding': 'gzip' },
      ],
    ])('with %s is the item’s failure', async (_, body, headers = XML) => {
      answer(body, headers);
      const started = performance.now();
      const error = await failure(client.createShipment(item));
      expect(error).toBeInstanceOf(ItemFailedError);
      expect(isAnswered(error as Error)).toBe(false);
      expect(performance.now() - started).toBeLessThan(3_000);
    });

    test('without an end is cut off', async () => {
      let written = 0;
      answerBy((response) => {
        response.writeHead(200, XML);
        const chunk = Buffer.alloc(65_536, 'x');
        const write = (): void => {
          while (!response.destroyed && response.write(chunk)) written += chunk.length;
          written += chunk.length;
          if (!response.destroyed) response.once('drain', write);
        };
        write();
      });
      expect(await failure(client.createShipment(item))).toBeInstanceOf(ItemFailedError);
      expect(written).toBeLessThan(32_000_000);
    });

    test.each<[string, Buffer, Record<string, string>]>([
      [
        'UTF-16 with a byte order mark',
        Buffer.from(`\ufeff${created({ ...LABEL, carrier: 'Öl' })}`, 'utf16le'),
        { 'content-type': 'text/xml; charset=utf-16' },
      ],
      [
        'UTF-16 by its declaration',
        Buffer.from(
          `<?xml version="1.0" encoding="UTF-16"?>${created({ ...LABEL, carrier: 'Öl' })}`,
          'utf16le',
        ),
        { 'content-type': 'text/xml' },
      ],
      [
        'ISO-8859-1 by its header',
        Buffer.from(created({ ...LABEL, carrier: 'Öl' }), 'latin1'),
        { 'content-type': 'text/xml; charset=ISO-8859-1' },
      ],
      [
        'ISO-8859-1 by its declaration',
        Buffer.from(
          `<?xml version="1.0" encoding="ISO-8859-1"?>${created({ ...LABEL, carrier: 'Öl' })}`,
          'latin1',
        ),
        { 'content-type': 'text/xml' },
      ],
      ['gzip', gzipSync(created({ ...LABEL, carrier: 'Öl' })), { ...XML, 'content-encoding': 'gzip' }],
    ])('in %s is read', async (_, body, headers) => {
      answer(body, headers);
      await expect(client.createShipment(item)).resolves.toEqual({ ...DECISION, carrier: 'Öl' });
    });

    test('about another order is not believed', async () => {
      handle = () =>
        Promise.resolve({
          shipment: { ...LABEL, orderId: '0193e5a0-0000-7000-8000-000000000009', status: 'BOOKED' },
        });
      expect(await failure(client.getShipment(item))).toBeInstanceOf(ItemFailedError);
    });
  });

  test.each([[''], ['1969-12-31T00:00:00Z'], ['9999-12-31T00:00:00Z'], ['yesterday']])(
    'a delivery at %j is left out, and hides no other',
    async (deliveredAt) => {
      const good = { orderId: item.orderId, trackingNumber: 'MP1', deliveredAt: '2026-11-21T09:30:00.000Z' };
      const entries = [{ ...good, deliveredAt }, good, { ...good, orderId: 'no id' }];
      answer(
        envelope(
          `<tns:getDeliveriesResponse>${entries
            .map(
              (entry) =>
                `<tns:delivery><tns:orderId>${entry.orderId}</tns:orderId><tns:trackingNumber>${entry.trackingNumber}</tns:trackingNumber><tns:deliveredAt>${entry.deliveredAt}</tns:deliveredAt></tns:delivery>`,
            )
            .join('')}<tns:nextCursor>3</tns:nextCursor></tns:getDeliveriesResponse>`,
        ),
      );
      await expect(client.getDeliveries('', 10)).resolves.toEqual({
        entries: [{ orderId: item.orderId, deliveredAt: new Date(good.deliveredAt) }],
        listed: 3,
        nextCursor: '3',
      });
    },
  );
});
