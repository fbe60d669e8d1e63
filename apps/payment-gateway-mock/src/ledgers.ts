import { join } from 'node:path';
import { Ledger } from '@orderbridge/ledger';
import type { Charge } from './charge.js';
import type { Refund } from './refund.js';

/** Charges by reference and idempotency key, so that one order's charges lie together. */
export type ChargeLedger = Ledger<Charge>;
export const CHARGES = Symbol('Charges');
export const openCharges = (folder: string): Promise<ChargeLedger> => Ledger.open(join(folder, 'charges'));

/** Refunds by charge. */
export type RefundLedger = Ledger<Refund & { readonly idempotencyKey: string }>;
export const REFUNDS = Symbol('Refunds');
export const openRefunds = (folder: string): Promise<RefundLedger> => Ledger.open(join(folder, 'refunds'));
