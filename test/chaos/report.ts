import { FAULT_KINDS, nameOf } from './plan/fault.js';
import { planOf } from './plan/plan.js';
import type { SeedResult } from './run-seed.js';

/** What happened under one seed, in a few lines. */
export function reportSeed({
  seed,
  struck,
  ends,
  placed,
  quiet,
  deadLetters,
  violations,
}: SeedResult): string {
  const faults = struck.map(({ fault, fired, recovery }) => {
    const back = recovery === undefined ? 'not normal again' : `normal after ${recovery.toFixed(1)} s`;
    return `  ${nameOf(fault)}${fired ? '' : ' (did not happen)'}: ${back}`;
  });
  const statuses = [...ends]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([status, count]) => `${status} ${count}`);
  return [
    `seed ${seed}: ${violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`}`,
    ...faults,
    `  ${placed} orders: ${statuses.join(', ')}; quiet ${quiet.toFixed(1)} s after the load; ${deadLetters} dead letters`,
    ...violations.map((violation) => `  VIOLATION ${violation}`),
    ...(violations.length === 0 ? [] : [`  repeat with: npm run chaos -- --seeds 1 --from ${seed}`]),
  ].join('\n');
}

/** The whole run in some lines, and whether it was good. */
export function summarize(results: readonly SeedResult[], seconds: number): { text: string; good: boolean } {
  const struck = results.flatMap(({ struck: strikes }) => strikes);
  const count = (items: readonly unknown[]): number => items.length;
  const byKind = FAULT_KINDS.map((kind) => {
    const own = struck.filter(({ fault }) => fault.kind === kind);
    return { kind, planned: count(own), fired: count(own.filter(({ fired }) => fired)) };
  });
  const recoveries = struck.flatMap(({ fired, recovery }) =>
    fired && recovery !== undefined ? recovery : [],
  );
  recoveries.sort((a, b) => a - b);
  const at = (share: number): string =>
    recoveries[Math.floor(share * (recoveries.length - 1))]?.toFixed(1) ?? '-';
  const placed = results.reduce((sum, result) => sum + result.placed, 0);
  const succeeded = results.reduce((sum, result) => sum + result.succeeded, 0);
  const bad = results.filter(({ violations }) => violations.length > 0);

  // I10: the run was not empty.
  const empty: string[] = [];
  for (const { kind, planned, fired } of byKind)
    if (planned > 0 && fired === 0) empty.push(`I10: ${kind} was planned and never happened`);
  if (succeeded < placed / 2) empty.push(`I10: only ${succeeded} of ${placed} orders succeeded`);
  const missing = byKind.filter(({ planned }) => planned === 0).map(({ kind }) => kind);
  const happened = new Set(struck.filter(({ fired }) => fired).map(({ fault }) => nameOf(fault)));
  const planned = new Set(
    results.flatMap(({ seed }) => planOf(seed).faults.map(({ fault }) => nameOf(fault))),
  );
  const never = [...planned].filter((name) => !happened.has(name));

  const text = [
    `${results.length} seeds, ${(seconds / 60).toFixed(1)} minutes, ${placed} orders, ${succeeded} shipped`,
    `faults that happened, of those planned: ${byKind.map(({ kind, planned: all, fired }) => `${kind} ${fired}/${all}`).join(', ')}`,
    ...(missing.length > 0 ? [`not in these seeds: ${missing.join(', ')}`] : []),
    ...(never.length > 0 ? [`planned, but never happened: ${never.join('; ')}`] : []),
    `normal throughput after a fault: median ${at(0.5)} s, 95 % ${at(0.95)} s, longest ${at(1)} s`,
    ...empty,
    bad.length === 0
      ? 'no seed with a violation'
      : `${bad.length} seeds with violations: ${bad.map(({ seed }) => seed).join(', ')}`,
  ].join('\n');
  return { text, good: bad.length === 0 && empty.length === 0 };
}
