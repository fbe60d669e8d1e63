import { orderLine } from '@orderbridge/contracts';
import type { Repository } from 'typeorm';
import { PriceList } from './price-list.js';
import type { ProductEntity } from './product.entity.js';

const ROWS: Readonly<Record<string, ProductEntity>> = {
  lamp: { id: 'lamp', name: 'Lamp', unitPrice: 1_000, currency: 'EUR' },
  table: { id: 'table', name: 'Table', unitPrice: 9_000, currency: 'EUR' },
};

/** A table of products that answers when the test lets it. */
function products() {
  const asked: string[][] = [];
  const answers: (() => void)[] = [];
  const table = {
    findBy: async ({ id: { value } }: { id: { value: string[] } }) => {
      asked.push(value);
      await new Promise<void>((resolve) => answers.push(resolve));
      return value.flatMap((id) => ROWS[id] ?? []);
    },
  };
  return { asked, answers, list: new PriceList(table as unknown as Repository<ProductEntity>) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the price list', () => {
  test('asks the database once for all who wait, and not again while prices are fresh', async () => {
    const { asked, answers, list } = products();
    const first = list.find(['lamp']);
    await settle();
    const others = Array.from({ length: 50 }, () => list.find(['lamp', 'table', 'unicorn']));
    await settle();
    answers[0]?.();
    while (answers.length < 2) await settle();
    answers[1]?.();
    expect([...(await first).keys()]).toEqual(['lamp']);
    for (const found of await Promise.all(others)) expect([...found.keys()]).toEqual(['lamp', 'table']);
    expect(asked).toEqual([['lamp'], ['table', 'unicorn']]);
    expect((await list.find(['table'])).get('table')).toMatchObject({ unitPrice: 9_000 });
    expect(asked).toHaveLength(2);
  });

  test.each(['bad\u0001name', '\ufffe', 'x'.repeat(2_000)])(
    'gives each product a name that every step can take: %j',
    async (name) => {
      const product = { id: 'lamp', name, unitPrice: 1, currency: 'EUR' };
      const list = new PriceList({ findBy: async () => [product] } as unknown as Repository<ProductEntity>);
      const listed = (await list.find(['lamp'])).get('lamp')?.name;
      expect(orderLine.shape.name.safeParse(listed).success).toBe(true);
    },
  );

  test.each([
    { unitPrice: 1_000_000_001, currency: 'EUR' },
    { unitPrice: 1, currency: 'eur' },
  ])('leaves out a product whose price is none: %j', async (price) => {
    const product = { id: 'lamp', name: 'Lamp', ...price };
    const list = new PriceList({ findBy: async () => [product] } as unknown as Repository<ProductEntity>);
    expect(await list.find(['lamp'])).toEqual(new Map());
  });
});
