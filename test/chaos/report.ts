import { availableParallelism } from 'node:os';
import { emptiness } from './invariants/emptiness.js';
import { NORMAL_IN_WORDS } from './load/progress.js';
import { FAULT_KINDS, nameOf, type Fault, type FaultKind } from './plan/fault.js';
import type { SeedResult, Struck } from './run-seed.js';

/** What happened under one seed, in a few lines. */
export function reportSeed(
  { seed, struck, skipped, ends, placed, quiet, poison, decisions, violations }: SeedResult,
  kinds: ReadonlySet<FaultKind> | undefined,
): string {
  const only = kinds ? ` --kinds '${[...kinds].join(',')}'` : '';
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
    ...skipped.map((fault) => `  ${nameOf(fault)}: skipped`),
    `  ${placed} orders: ${statuses.join(', ')}; quiet ${quiet.toFixed(1)} s after the load`,
    `  ${poison} messages that nobody can handle, ${decisions} decisions on their dead letters`,
    ...violations.map((violation) => `  VIOLATION ${violation}`),
    ...(violations.length === 0 ? [] : [`  repeat with: npm run chaos -- --seeds 1 --from ${seed}${only}`]),
  ].join('\n');
}

/** The whole run in some lines, and whether it was good. */
export function summarize(
  results: readonly SeedResult[],
  seconds: number,
  { stacks, rate }: { readonly stacks: number; readonly rate: number },
): { text: string; good: boolean } {
  const struck = results.flatMap(({ struck: strikes }) => strikes);
  const skipped = results.flatMap((result) => result.skipped);
  const placed = results.reduce((sum, result) => sum + result.placed, 0);
  const succeeded = results.reduce((sum, result) => sum + result.succeeded, 0);
  const bad = results.filter(({ violations }) => violations.length > 0);
  const empty = emptiness({
    faults: struck.map(({ fault, fired }) => ({ kind: fault.kind, fired })),
    placed,
    succeeded,
    poison: results.reduce((sum, result) => sum + result.poison, 0),
    decisions: results.reduce((sum, result) => sum + result.decisions, 0),
  });
  const happened = new Set(struck.filter(({ fired }) => fired).map(({ fault }) => nameOf(fault)));
  const never = new Set(struck.map(({ fault }) => nameOf(fault)).filter((name) => !happened.has(name)));
  const text = [
    ...tableOf(struck, skipped),
    '',
    `back to normal: ${NORMAL_IN_WORDS}; of ${rate} placed per second, on each of ${stacks} systems on ${availableParallelism()} cores; seconds from the end of the fault, without those in which others struck`,
    `${results.length} seeds (${rangesOf(results.map(({ seed }) => seed))}), ${(seconds / 60).toFixed(1)} minutes, ${placed} orders, ${succeeded} shipped`,
    ...(never.size > 0 ? [`planned, but never happened: ${[...never].join('; ')}`] : []),
    ...empty.map((violation) => `VIOLATION ${violation}`),
    bad.length === 0
      ? 'no seed with a violation'
      : `${bad.length} seeds with violations: ${rangesOf(bad.map(({ seed }) => seed))}`,
  ].join('\n');
  return { text, good: results.length > 0 && bad.length === 0 && empty.length === 0 };
}

/** A line per kind of fault: how often it struck, and how long it took to be back to normal. */
function tableOf(struck: readonly Struck[], skipped: readonly Fault[]): string[] {
  const line = (kind: string, planned: number | string, own: readonly Struck[] | undefined): string => {
    const seconds = own?.map(({ recovery }) => recovery ?? Infinity).toSorted((one, other) => one - other);
    const at = (share: number): string =>
      seconds?.[Math.ceil(share * seconds.length) - 1]?.toFixed(1).replace('Infinity', 'never') ?? '-';
    const cells = own ? [`${own.length}`, at(0.5), at(0.95), at(1)] : ['struck', 'median', '95 %', 'longest'];
    return [kind.padEnd(16), ...[`${planned}`, ...cells].map((cell) => cell.padStart(8))].join('');
  };
  const fired = struck.filter((one) => one.fired);
  return [
    line('fault', 'planned', undefined),
    ...FAULT_KINDS.map((kind) => {
      const of = <Item extends { readonly fault: Fault }>(all: readonly Item[]): Item[] =>
        all.filter(({ fault }) => fault.kind === kind);
      const left = skipped.filter((fault) => fault.kind === kind).length;
      return `${line(kind, of(struck).length, of(fired))}${left > 0 ? `  (${left} skipped)` : ''}`;
    }),
    line('all', struck.length, fired),
  ];
}

/** Such as `0–4, 7`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}
