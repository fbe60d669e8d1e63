export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly target?: string;
  readonly reached?: boolean;
}

/** A table of figures, with whether each target was reached. */
export function report(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const valueWidth = Math.max(...figures.map(({ value }) => value.length));
  return figures
    .map(({ name, value, target, reached }) => {
      const verdict = target === undefined ? '' : `  ${reached ? 'ok  ' : 'MISS'}  ${target}`;
      return `  ${name.padEnd(width)}  ${value.padStart(valueWidth)}${verdict}`;
    })
    .join('\n');
}
