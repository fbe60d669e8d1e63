import { join } from 'node:path';
import { Ledger } from '@orderbridge/ledger';
import type { Charge } from './charge.js';
import type { Refund } from './refund.js';

type KeptRefund = Refund & { readonly idempotencyKey: string };

/** Charges by reference and idempotency key, so that one order's charges lie together. */
export abstract class ChargeLedger extends Ledger<Charge> {}

/** Refunds by charge. */
export abstract class RefundLedger extends Ledger<KeptRefund> {}

export const openCharges = (folder: string): Promise<Ledger<Charge>> => Ledger.open(join(folder, 'charges'));
export const openRefunds = (folder: string): Promise<Ledger<KeptRefund>> =>
  Ledger.open(join(folder, 'refunds'));
