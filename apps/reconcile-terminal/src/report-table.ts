import type { Report } from './reconcile-client.js';

/** Columns that each table has, before those that only some services count. */
const COLUMNS = ['checked', 'adopted', 'refunded', 'voided', 'released', 'parked'];

/**
 * What counts as checked, the first of these that a service counts: entries that it compared itself, orders that it
 * reported for the others to compare, or whose state it requested.
 */
const CHECKED = ['checked', 'compared', 'reported', 'requested'];

/** What the services have counted, a line each, as text. */
export function reportTable(reports: ReadonlyMap<string, Report>): string {
  const counted = [...reports.values()].flatMap(({ counts }) => Object.keys(counts));
  const others = counted.filter((name) => !CHECKED.includes(name)).toSorted();
  const columns = [...new Set([...COLUMNS, ...others])];
  const rows = [
    ['service', ...columns],
    ...[...reports].map(([name, { counts }]) => [
      name,
      ...columns.map((column) => `${column === 'checked' ? checked(counts) : (counts[column] ?? 0)}`),
    ]),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index + 1]?.length ?? 0)));
  const nameWidth = Math.max(...rows.map(([name = '']) => name.length));
  return rows
    .map(([name = '', ...cells]) =>
      [name.padEnd(nameWidth), ...cells.map((cell, index) => cell.padStart(widths[index] ?? 0))].join('  '),
    )
    .join('\n');
}

const checked = (counts: Report['counts']): number =>
  CHECKED.map((name) => counts[name] ?? 0).find((count) => count > 0) ?? 0;

/** How much a person has to decide about, or to look into. */
export const leftOpen = (reports: ReadonlyMap<string, Report>): number =>
  [...reports.values()].reduce(
    (sum, { counts }) => sum + (counts['parked'] ?? 0) + (counts['failed'] ?? 0),
    0,
  );
