import { z } from 'zod';
import { availableOf } from '../domain/reservation.js';
import type { StockEntity } from '../storage/stock.entity.js';

export const stockView = z
  .object({
    productId: z.string(),
    name: z.string(),
    onHand: z.number().describe('Pieces in the warehouse, reserved ones included'),
    reserved: z.number().describe('Pieces promised to orders that have not left'),
    available: z.number().describe('Pieces that can still be ordered'),
    shipped: z.number().describe('Pieces that have left with orders so far'),
    updatedAt: z.string(),
  })
  .meta({ id: 'Stock' });
export type StockView = z.infer<typeof stockView>;

export const stockPage = z
  .object({
    products: z.array(stockView),
    nextCursor: z.string().optional().describe('Give it as cursor to get the next page; absent on the last'),
  })
  .meta({ id: 'StockPage' });
export type StockPage = z.infer<typeof stockPage>;

export const viewOf = (stock: StockEntity): StockView => ({
  productId: stock.productId,
  name: stock.name,
  onHand: stock.onHand,
  reserved: stock.reserved,
  available: availableOf(stock),
  shipped: stock.shipped,
  updatedAt: stock.updatedAt.toISOString(),
});
