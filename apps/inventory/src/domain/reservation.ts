/** Pieces of one product. */
export interface Stock {
  /** Pieces in the warehouse, reserved ones included. */
  onHand: number;
  /** Pieces promised to orders that have not left. */
  reserved: number;
  /** Pieces that have left with orders so far. */
  shipped: number;
}

/**
 * RESERVED: pieces are promised. SHIPPED, RELEASED: they no longer are. REJECTED: they never were, for a shortage.
 */
export type ReservationStatus = 'RESERVED' | 'SHIPPED' | 'RELEASED' | 'REJECTED';

export interface Wanted {
  readonly productId: string;
  readonly quantity: number;
}

export interface Lack extends Wanted {
  readonly available: number;
}

export const availableOf = ({ onHand, reserved }: Stock): number => onHand - reserved;

/**
 * Reserves all lines of an order or none, and changes `stock` accordingly. No product's availability falls below zero.
 *
 * @returns the lines that lack stock; empty when the order is reserved. A product that is not kept has none.
 */
export function reserve(stock: ReadonlyMap<string, Stock>, lines: readonly Wanted[]): Lack[] {
  const lacking: Lack[] = [];
  for (const { productId, quantity } of lines) {
    const kept = stock.get(productId);
    const available = kept ? availableOf(kept) : 0;
    if (available < quantity) lacking.push({ productId, quantity, available });
  }
  if (lacking.length > 0) return lacking;
  for (const { productId, quantity } of lines) (stock.get(productId) as Stock).reserved += quantity;
  return [];
}

/** Undoes `reserve` for an order that will not leave. */
export function release(stock: ReadonlyMap<string, Stock>, lines: readonly Wanted[]): void {
  for (const { productId, quantity } of lines) (stock.get(productId) as Stock).reserved -= quantity;
}

/** Takes the reserved pieces of an order that has left out of the stock. */
export function ship(stock: ReadonlyMap<string, Stock>, lines: readonly Wanted[]): void {
  for (const { productId, quantity } of lines) {
    const kept = stock.get(productId) as Stock;
    kept.reserved -= quantity;
    kept.onHand -= quantity;
    kept.shipped += quantity;
  }
}

/** Undoes `ship` for an order whose parcel has not left after all. */
export function takeBack(stock: ReadonlyMap<string, Stock>, lines: readonly Wanted[]): void {
  for (const { productId, quantity } of lines) {
    const kept = stock.get(productId) as Stock;
    kept.onHand += quantity;
    kept.shipped -= quantity;
  }
}
