import { readFile } from 'node:fs/promises';
import type { DataSource } from 'typeorm';

interface SeedProduct {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
}

/** Puts the products of a seed file into stock; those already there stay as they are. */
export async function seedStock(dataSource: DataSource, file: string): Promise<void> {
  const products = JSON.parse(await readFile(file, 'utf8')) as SeedProduct[];
  await dataSource.query(
    `INSERT INTO stock (product_id, name, on_hand)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[]) ON CONFLICT DO NOTHING`,
    [
      products.map(({ productId }) => productId),
      products.map(({ name }) => name),
      products.map(({ quantity }) => quantity),
    ],
  );
}
