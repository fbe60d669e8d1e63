import { BUSINESS_MUTANTS } from './business-mutants.js';
import { MESSAGING_MUTANTS } from './messaging-mutants.js';
import type { Mutant } from './mutant.js';
import { CANCELLATION_MUTANTS } from './cancellation-mutants.js';
import { PAYMENT_MUTANTS } from './payment-mutants.js';
import { POISON_MUTANTS } from './poison-mutants.js';
import { SHIPPING_MUTANTS } from './shipping-mutants.js';

/** Bugs of earlier systems. The simulator has to find each: then it is worth something that it finds none without. */
export const MUTANTS: readonly Mutant[] = [
  ...MESSAGING_MUTANTS,
  ...BUSINESS_MUTANTS,
  ...PAYMENT_MUTANTS,
  ...CANCELLATION_MUTANTS,
  ...POISON_MUTANTS,
  ...SHIPPING_MUTANTS,
];
