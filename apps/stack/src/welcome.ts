import type { Ports } from './ports.js';

const FIRST_ORDER = {
  userId: '11111111-1111-1111-1111-111111111111',
  amount: 500,
  items: { 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa': 2, 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb': 1 },
};

/** What the user sees once everything is ready. */
export function welcome(data: string, ports: Ports, offset: number): string {
  const url = (port: number): string => `http://localhost:${port}`;
  const services: [string, number, string][] = [
    ['order', ports.order, 'POST /orders, GET /orders/{id}, GET /orders/{id}/timeline'],
    ['inventory', ports.inventory, 'GET /inventory, PUT /inventory/{productId}/update'],
    ['payment', ports.payment, 'GET /payment/status/{orderId}, POST /payment'],
    ['shipping', ports.shipping, 'GET /shipments/{orderId}, GET /shipments/{orderId}/label'],
    ['dead-letter-desk', ports.deadLetterDesk, 'GET /dead-letters, POST /dead-letters/{id}/redrive'],
    ['carrier-mock', ports.carrierMock, 'SOAP /carrier, GET /shipments'],
    ['payment-gateway-mock', ports.paymentGatewayMock, 'GET /v1/charges, GET /v1/refunds'],
  ];
  const rows = [
    ...services.map(([name, port, what]) => `  ${name.padEnd(21)} ${`${url(port)}/docs`.padEnd(28)} ${what}`),
    `  ${'PostgreSQL'.padEnd(21)} postgres://orderbridge:orderbridge@localhost:${ports.postgres}/order (inventory, payment, shipping, dead_letters)`,
    `  ${'Kafka'.padEnd(21)} localhost:${ports.kafka}`,
    `  ${'IBM MQ'.padEnd(21)} localhost(${ports.mq}), queue manager QM1, channel ORDERBRIDGE.SVRCONN`,
    `  ${'state and logs'.padEnd(21)} ${data}`,
  ];
  return `
Orderbridge is ready.

${rows.join('\n')}

Place an order and watch it ship:

  npm run order${offset ? ` -- --port-offset ${offset}` : ''}

or with curl:

  curl -X POST ${url(ports.order)}/orders -H "Content-Type: application/json" \\
    -d '${JSON.stringify(FIRST_ORDER)}'

Ctrl-C stops everything; the next npm start goes on where this one ended.
`;
}
