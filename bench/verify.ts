import { partnersBooks, until, type RunningStack } from '@orderbridge/running-stack';
import pg from 'pg';
import { ENDS, type OrderKind } from './load/order-kinds.js';

const DATABASES = ['order', 'inventory', 'payment', 'shipping'];

/**
 * Checks that every order ended as it should, and none was lost or doubled, in the services' databases and in the
 * partners' own books: shipped orders are charged once and have one label, all others hold no stock, no money and no
 * label.
 *
 * @throws Error with what is wrong.
 */
export async function verify(stack: RunningStack, accepted: ReadonlyMap<string, OrderKind>): Promise<void> {
  const problems: string[] = [];
  const expectSame = (what: string, found: readonly string[], wanted: readonly string[]): void => {
    const [foundOnce, wantedOnce] = [new Set(found), new Set(wanted)];
    const missing = wanted.filter((id) => !foundOnce.has(id)).length;
    const surplus = [...foundOnce].filter((id) => !wantedOnce.has(id)).length;
    const doubled = found.length - foundOnce.size;
    if (missing + surplus + doubled > 0) {
      problems.push(`${what}: ${missing} missing, ${surplus} that should not be, ${doubled} doubled`);
    }
  };
  const rows = async <Row extends object>(database: string, sql: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: stack.database(database) });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const ids = async (database: string, sql: string): Promise<string[]> =>
    (await rows<{ id: string }>(database, sql)).map(({ id }) => id);
  const number = async (database: string, sql: string): Promise<number> =>
    Number((await rows<{ n: string }>(database, sql))[0]?.n);

  // The last orders' stock is released or shipped after they show their end.
  await until(
    async () =>
      (await Promise.all(DATABASES.map((name) => number(name, 'SELECT count(*) AS n FROM outbox')))).every(
        (left) => left === 0,
      ) &&
      (await number('inventory', `SELECT count(*) AS n FROM reservation WHERE status = 'RESERVED'`)) === 0,
    Boolean,
    100,
  );

  const all = [...accepted.keys()];
  const endedIn = (...statuses: string[]): string[] =>
    all.filter((id) => statuses.includes(ENDS[accepted.get(id) as OrderKind]));
  const [shipped, rejected, declined, refunded] = [
    endedIn('SHIPPED'),
    endedIn('REJECTED'),
    endedIn('PAYMENT_FAILED'),
    endedIn('REFUNDED'),
  ];

  const inStatus = (table: string, status: string): string =>
    `SELECT ${table === 'orders' ? 'id' : 'order_id AS id'} FROM ${table} WHERE status = '${status}'`;
  expectSame('orders', await ids('order', 'SELECT id FROM orders'), all);
  expectSame('orders SHIPPED', await ids('order', inStatus('orders', 'SHIPPED')), shipped);
  expectSame('orders REJECTED', await ids('order', inStatus('orders', 'REJECTED')), rejected);
  expectSame('orders PAYMENT_FAILED', await ids('order', inStatus('orders', 'PAYMENT_FAILED')), declined);
  expectSame('orders REFUNDED', await ids('order', inStatus('orders', 'REFUNDED')), refunded);
  expectSame('reservations SHIPPED', await ids('inventory', inStatus('reservation', 'SHIPPED')), shipped);
  expectSame('reservations RELEASED', await ids('inventory', inStatus('reservation', 'RELEASED')), [
    ...declined,
    ...refunded,
  ]);
  expectSame('payments SUCCEEDED', await ids('payment', inStatus('payment', 'SUCCEEDED')), shipped);
  expectSame('payments UNPAID', await ids('payment', inStatus('payment', 'UNPAID')), rejected);
  expectSame('payments FAILED', await ids('payment', inStatus('payment', 'FAILED')), declined);
  expectSame('payments REFUNDED', await ids('payment', inStatus('payment', 'REFUNDED')), refunded);
  expectSame(
    'invoices',
    await ids('payment', 'SELECT order_id AS id FROM invoice JOIN payment ON payment.id = payment_id'),
    [...shipped, ...refunded],
  );
  expectSame('shipments BOOKED', await ids('shipping', inStatus('shipment', 'BOOKED')), shipped);
  expectSame('shipments FAILED', await ids('shipping', inStatus('shipment', 'FAILED')), refunded);

  const wrongStock = await number(
    'inventory',
    `WITH sent AS (
       SELECT (line ->> 'productId')::uuid AS product_id, sum((line ->> 'quantity')::integer) AS pieces
       FROM reservation, json_array_elements(lines) AS line WHERE status = 'SHIPPED' GROUP BY 1
     )
     SELECT count(*) AS n FROM stock LEFT JOIN sent USING (product_id)
     WHERE reserved <> 0 OR on_hand < 0 OR shipped <> coalesce(pieces, 0)`,
  );
  if (wrongStock > 0) problems.push(`stock: ${wrongStock} products do not add up`);

  const { charges, refunds, shipments } = await partnersBooks(stack);
  const charged = (status: string): string[] =>
    charges.filter((charge) => charge.status === status).map(({ reference }) => reference);
  expectSame("the gateway's charges", charged('succeeded'), [...shipped, ...refunded]);
  expectSame("the gateway's declined charges", charged('declined'), declined);
  expectSame(
    "the gateway's refunds",
    refunds.map(({ reference }) => reference),
    refunded,
  );
  expectSame(
    "the carrier's shipments",
    shipments.map(({ orderId }) => orderId),
    shipped,
  );
  if (problems.length > 0) throw new Error(`The result is wrong:\n${problems.join('\n')}`);
}
