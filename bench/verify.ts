import { partnersBooks, type RunningStack } from '@orderbridge/running-stack';
import pg from 'pg';

/**
 * Checks that no order was lost or doubled, in the services' databases and in the partners' own books.
 *
 * @throws Error with what is wrong.
 */
export async function verify(stack: RunningStack, accepted: readonly string[]): Promise<void> {
  const expected = new Set(accepted);
  const problems: string[] = [];
  const expectSame = (what: string, ids: readonly string[]): void => {
    const found = new Set(ids);
    const missing = accepted.filter((id) => !found.has(id)).length;
    const surplus = [...found].filter((id) => !expected.has(id)).length;
    const doubled = ids.length - found.size;
    if (missing + surplus + doubled > 0) {
      problems.push(`${what}: ${missing} missing, ${surplus} not ordered, ${doubled} doubled`);
    }
  };
  const ids = async (database: string, sql: string): Promise<string[]> => {
    const client = new pg.Client({ connectionString: stack.database(database) });
    await client.connect();
    const { rows } = await client.query<{ id: string }>(sql);
    await client.end();
    return rows.map(({ id }) => id);
  };
  expectSame('orders shipped', await ids('order', `SELECT id FROM orders WHERE status = 'SHIPPED'`));
  expectSame('orders', await ids('order', 'SELECT id FROM orders'));
  expectSame('reservations', await ids('inventory', `SELECT order_id AS id FROM reservation`));
  expectSame(
    'payments',
    await ids('payment', `SELECT order_id AS id FROM payment WHERE status = 'SUCCEEDED'`),
  );
  expectSame(
    'invoices',
    await ids('payment', 'SELECT order_id AS id FROM invoice JOIN payment ON payment.id = payment_id'),
  );
  expectSame(
    'shipments',
    await ids('shipping', `SELECT order_id AS id FROM shipment WHERE status = 'BOOKED'`),
  );
  const { charges, shipments } = await partnersBooks(stack);
  expectSame(
    'charges in the books of the gateway',
    charges.filter(({ status }) => status === 'succeeded').map(({ reference }) => reference),
  );
  expectSame(
    'shipments in the books of the carrier',
    shipments.map(({ orderId }) => orderId),
  );
  if (problems.length > 0) throw new Error(`The result is wrong:\n${problems.join('\n')}`);
}
