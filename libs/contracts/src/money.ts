import { z } from 'zod';

/** Converts an amount in major units (12.34) to minor units (1234). */
export const toMinorUnits = (amount: number): number => Math.round(amount * 100);

/** Converts minor units (1234) to an amount in major units (12.34). */
export const toMajorUnits = (minorUnits: number): number => minorUnits / 100;

/** A price or total in major units: not negative, at most two decimals, at most 10 million. */
export const amount = z
  .number()
  .min(0)
  .max(10_000_000)
  .refine(
    (value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6,
    'must have at most two decimals',
  );

/** ISO 4217 alphabetic code. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR');
