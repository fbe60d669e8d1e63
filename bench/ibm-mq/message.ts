/** What a message of the bench carries. */
export interface Content {
  /** Who sent it. */
  readonly stream: number;
  /** Its place among the messages of the stream, from 0 on. */
  readonly number: number;
  /** When it was due, in milliseconds of `clock()`. */
  readonly due: number;
  readonly padding: string;
}

/** JSON text of so many bytes. */
export function bodyOf(stream: number, number: number, size: number, due = 0): string {
  const content: Content = { stream, number, due, padding: '' };
  const bare = JSON.stringify(content);
  return `${bare.slice(0, -2)}${'x'.repeat(Math.max(0, size - bare.length))}"}`;
}

/** Milliseconds on a clock that all processes of the machine share. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
