import type { Report } from './reconcile-client.js';

/** Columns that each table has, before those that only some services count. */
const COLUMNS = ['checked', 'adopted', 'refunded', 'voided', 'released', 'parked'];

/** What the services have counted, a line each, as text. */
export function reportTable(reports: ReadonlyMap<string, Report>): string {
  const counted = [...reports.values()].flatMap(({ counts }) => Object.keys(counts));
  const columns = [...new Set([...COLUMNS, ...counted.toSorted()])];
  const rows = [
    ['service', ...columns],
    ...[...reports].map(([name, { counts }]) => [name, ...columns.map((column) => `${counts[column] ?? 0}`)]),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index + 1]?.length ?? 0)));
  const nameWidth = Math.max(...rows.map(([name = '']) => name.length));
  return rows
    .map(([name = '', ...cells]) =>
      [name.padEnd(nameWidth), ...cells.map((cell, index) => cell.padStart(widths[index] ?? 0))].join('  '),
    )
    .join('\n');
}

/** How much a person has to decide about, or to look into. */
export const leftOpen = (reports: ReadonlyMap<string, Report>): number =>
  [...reports.values()].reduce(
    (sum, { counts }) => sum + (counts['parked'] ?? 0) + (counts['failed'] ?? 0),
    0,
  );
