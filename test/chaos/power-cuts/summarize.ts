import type { SeedResult } from '../run-seed.js';

/** Runs of power cuts in a line, and whether they were good: no violation, and orders that came to their ends. */
export function summarizePowerCuts(
  results: readonly SeedResult[],
  seconds: number,
  powerCuts: number,
): { text: string; good: boolean } {
  const sum = (count: (result: SeedResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const violations = sum((result) => result.violations.length);
  const succeeded = sum((result) => result.succeeded);
  const text = `${results.length} runs of ${powerCuts} power cuts, ${(seconds / 60).toFixed(1)} minutes, ${sum(({ placed }) => placed)} orders, ${succeeded} shipped, ${violations} violations`;
  return { text, good: violations === 0 && succeeded > 0 };
}
