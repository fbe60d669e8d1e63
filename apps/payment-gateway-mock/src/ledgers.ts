import { join } from 'node:path';
import { Ledger } from '@orderbridge/ledger';
import type { Charge } from './charge.js';
import type { Refund } from './refund.js';

/** Charges by reference and idempotency key, so that one order's charges lie together. */
export type ChargeLedger = Ledger<Charge>;
export const CHARGES = Symbol('Charges');
export const openCharges = (folder: string): Promise<ChargeLedger> => Ledger.open(join(folder, 'charges'));

/** Keys of the ledger of charges, by idempotency key. */
export type ChargeKeyLedger = Ledger<string>;
export const CHARGE_KEYS = Symbol('ChargeKeys');

/** Opens the index of idempotency keys, and completes it where a crash of the machine has cut it, or it is new. */
export async function openChargeKeys(folder: string, charges: ChargeLedger): Promise<ChargeKeyLedger> {
  const keys = await Ledger.open<string>(join(folder, 'charge-keys'));
  for (let after: string | undefined; ;) {
    const entries = await charges.page(1_000, after);
    for (const [key] of entries) {
      const idempotencyKey = key.slice(key.indexOf('/') + 1);
      if ((await keys.get(idempotencyKey)) === undefined) await keys.note(idempotencyKey, key);
    }
    after = entries.at(-1)?.[0];
    if (after === undefined) return keys;
  }
}

/** Refunds by charge. */
export type RefundLedger = Ledger<Refund & { readonly idempotencyKey: string }>;
export const REFUNDS = Symbol('Refunds');
export const openRefunds = (folder: string): Promise<RefundLedger> => Ledger.open(join(folder, 'refunds'));
