/** JSON as pgbench takes it: a colon before a letter or digit would be one of its variables. */
const json = (value: unknown): string => JSON.stringify(value).replaceAll(/:(?=\w)/g, ': ');

const HEADERS = json({
  ce_specversion: '1.0',
  ce_id: '01a1fbf7-6748-75f6-9134-dd0f210a1cbc',
  ce_source: '/orderbridge/order',
  ce_type: 'order.created',
  ce_time: '2026-11-21T02:37:37.474Z',
  ce_subject: '01a1fbf7-6741-77a0-bdfb-2fb5e124adcf',
  ce_dataschema: 'urn:orderbridge:order.created:v1',
  ce_correlationid: '26811700bd14cc0b7d336da0a83855f1',
  'content-type': 'application/json',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
});
const LINES = json([
  {
    productId: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
    name: 'Walnut desk lamp',
    quantity: 2,
    unitPrice: 150,
  },
  { productId: 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb', name: 'Oak side table', quantity: 1, unitPrice: 200 },
]);
const SHIP_TO = json({
  name: 'Ada Example',
  street: '1 Market Street',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
});
const CAUSE = json({
  correlationId: '26811700bd14cc0b7d336da0a83855f1',
  causationId: '01a1fbf7-6748-75f6-9134-dd0f210a1cbc',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
});
const BODY = json({
  orderId: '01a1fbf7-6741-77a0-bdfb-2fb5e124adcf',
  userId: '11111111-1111-1111-1111-111111111111',
  totalAmount: 500,
  currency: 'EUR',
  lines: JSON.parse(LINES) as unknown,
  shipTo: JSON.parse(SHIP_TO) as unknown,
  paymentToken: 'tok_approve',
});

const claim = (consumer: string): string =>
  `INSERT INTO inbox (consumer, message_id) VALUES ('${consumer}', gen_random_uuid()::text) ON CONFLICT DO NOTHING;`;
const send = (broker: string, destination: string): string =>
  `INSERT INTO outbox (broker, destination, key, message_id, headers, body)
   VALUES ('${broker}', '${destination}', :order_id, gen_random_uuid()::text, '${HEADERS}', '${BODY}');`
    .replaceAll('\n', ' ')
    .replaceAll(/ {2,}/g, ' ');
const note = (position: number, cause: string, status: string): string =>
  `INSERT INTO order_timeline (order_id, position, cause, status, message_id, source, occurred_at) VALUES (:order_id, ${position}, '${cause}', '${status}', gen_random_uuid()::text, '/orderbridge/order', now());`;

/** How many products the floor's stock has: many, so that no two clients wait for each other's locks. */
export const PRODUCTS = 1_000;

/**
 * One order for pgbench, as five transactions: accepted, reserved, paid, shipped, complete. The statements are those of
 * the services' repositories for one order; their extra transactions (leases, the status in between) are left out, which
 * makes the floor higher.
 */
export const ORDER_SCRIPT = `\\set first random(1, ${PRODUCTS})
\\set second (:first + 7) % ${PRODUCTS} + 1
SELECT gen_random_uuid() AS order_id, gen_random_uuid() AS payment_id, gen_random_uuid() AS shipment_id \\gset
BEGIN;
INSERT INTO orders (id, user_id, status, currency, total, lines, ship_to, payment_token, created_at, updated_at, version) VALUES (:order_id, '11111111-1111-1111-1111-111111111111', 'PLACED', 'EUR', 50000, '${LINES}', '${SHIP_TO}', 'tok_approve', now(), now(), 1);
${note(1, 'order.created', 'PLACED')}
${send('kafka', 'orders')}
COMMIT;
BEGIN;
${claim('inventory')}
SELECT product_id, on_hand, reserved, shipped FROM stock WHERE product_id IN (md5(:first::text)::uuid, md5(:second::text)::uuid) ORDER BY product_id FOR NO KEY UPDATE;
UPDATE stock SET reserved = reserved + 1, updated_at = now() WHERE product_id IN (md5(:first::text)::uuid, md5(:second::text)::uuid);
INSERT INTO reservation (order_id, status, lines) VALUES (:order_id, 'RESERVED', '${LINES}');
${send('ibm-mq', 'INVENTORY.EVENTS')}
${send('kafka', 'inventory')}
COMMIT;
BEGIN;
${claim('payment')}
INSERT INTO payment (id, order_id, user_id, status, amount, currency, payment_token, fulfilment, cause, charge_id, attempts) VALUES (:payment_id, :order_id, '11111111-1111-1111-1111-111111111111', 'SUCCEEDED', 50000, 'EUR', 'tok_approve', '{"lines":${LINES},"shipTo":${SHIP_TO}}', '${CAUSE}', 'ch_1dc4e7750b0166d300177404', 1);
INSERT INTO invoice (number, payment_id, amount, currency, lines) VALUES ('INV-2026-' || lpad(nextval('invoice_number')::text, 8, '0'), :payment_id, 50000, 'EUR', '${LINES}');
${send('kafka', 'payments')}
COMMIT;
BEGIN;
${claim('shipping')}
INSERT INTO shipment (id, order_id, user_id, status, ship_to, pieces, cause, carrier, carrier_reference, tracking_number, attempts) VALUES (:shipment_id, :order_id, '11111111-1111-1111-1111-111111111111', 'BOOKED', '${SHIP_TO}', 3, '${CAUSE}', 'Mock Parcel', 'SHP-1', 'MP318607541565959631DE', 1);
${send('kafka', 'shipments')}
COMMIT;
BEGIN;
${claim('order')}
SELECT id, user_id, status, version FROM orders WHERE id = :order_id FOR UPDATE;
UPDATE orders SET status = 'SHIPPED', carrier = 'Mock Parcel', tracking_number = 'MP318607541565959631DE', version = 2, updated_at = now() WHERE id = :order_id;
${note(2, 'shipment.created', 'SHIPPED')}
${send('kafka', 'orders')}
COMMIT;
`;
