import { readFile } from 'node:fs/promises';
import { toMinorUnits } from '@orderbridge/contracts';
import type { DataSource } from 'typeorm';

interface SeedProduct {
  readonly productId: string;
  readonly name: string;
  readonly unitPrice: number;
}

/** Puts the products of a seed file on the price list; those already there keep their price. */
export async function seedProducts(dataSource: DataSource, file: string, currency: string): Promise<void> {
  const products = JSON.parse(await readFile(file, 'utf8')) as SeedProduct[];
  await dataSource.query(
    `INSERT INTO product (id, name, unit_price, currency)
     SELECT id, name, unit_price, $4 FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS seed (id, name, unit_price)
     ON CONFLICT DO NOTHING`,
    [
      products.map(({ productId }) => productId),
      products.map(({ name }) => name),
      products.map(({ unitPrice }) => toMinorUnits(unitPrice)),
      currency,
    ],
  );
}
