import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CARRIER_WSDL } from '@orderbridge/contracts';
import { listen } from 'soap';
import { CarrierClient, CarrierUnavailableError, VoidRefusedError } from './carrier.client.js';

const item = {
  id: '0193e5a0-0000-7000-8000-000000000003',
  attempts: 1,
  itemFailures: 0,
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

describe('CarrierClient', () => {
  let server: Server;
  let client: CarrierClient;
  let handle: (request: unknown) => Promise<unknown>;
  const requests: unknown[] = [];
  const traces: unknown[] = [];

  beforeAll(async () => {
    server = createServer((_, response) => response.writeHead(404).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    listen(server, {
      path: '/carrier',
      xml: readFileSync(CARRIER_WSDL, 'utf8'),
      services: {
        CarrierService: {
          CarrierPort: {
            createShipment: (
              request: unknown,
              _callback: unknown,
              _headers: unknown,
              http: IncomingMessage,
            ) => {
              requests.push(request);
              traces.push(http.headers['traceparent']);
              return handle(request);
            },
            voidShipment: (request: unknown) => handle(request),
          },
        },
      },
    });
    const { port } = server.address() as AddressInfo;
    client = new CarrierClient(`http://127.0.0.1:${port}/carrier`, 300, 4);
  });

  afterAll(async () => {
    await client.onApplicationShutdown();
    server.closeAllConnections();
    server.close();
  });

  beforeEach(() => {
    requests.length = 0;
  });

  test('books by the WSDL, whatever letters the address has', async () => {
    handle = () =>
      Promise.resolve({
        shipmentReference: 'SHP-1',
        trackingNumber: 'MP0000000001DE',
        carrier: 'Mock Parcel',
      });
    await expect(client.createShipment(item)).resolves.toEqual({
      booked: true,
      carrier: 'Mock Parcel',
      carrierReference: 'SHP-1',
      trackingNumber: 'MP0000000001DE',
    });
    expect(requests).toEqual([{ orderId: item.orderId, pieces: '3', recipient: item.shipTo }]);
    expect(traces.at(-1)).toBe(item.cause.traceparent);
  });

  const fault = (code: string) => () =>
    Promise.reject({
      Fault: {
        faultcode: 'soap:Client',
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
  });

  test('what the carrier refuses to take back for good is told apart from what it cannot now', async () => {
    handle = fault('NotFound');
    await expect(client.voidShipment(item)).rejects.toThrow(VoidRefusedError);
    handle = fault('Internal');
    await expect(client.voidShipment(item)).rejects.toThrow(CarrierUnavailableError);
  });

  test('any other fault, an answer that is none, and silence decide nothing', async () => {
    handle = fault('Internal');
    await expect(client.createShipment(item)).rejects.toThrow(CarrierUnavailableError);
    handle = () => Promise.resolve({ trackingNumber: 'MP1' });
    await expect(client.createShipment(item)).rejects.toThrow();
    handle = () => new Promise(() => undefined);
    await expect(client.createShipment(item)).rejects.toThrow(CarrierUnavailableError);
  });
});
