/** What a test and its program say to each other. */
export interface Command {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export type Report =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: Record<string, unknown> }
  | { readonly kind: 'event'; readonly name: string; readonly value: unknown };

export type Methods = Record<string, (argument: never) => unknown>;

export function tell(name: string, value: unknown): void {
  process.send?.({ kind: 'event', name, value } satisfies Report);
}

/** Answers the commands of the test, until it goes away. */
export function serve(methods: Methods): void {
  process.on('message', ({ id, method, argument }: Command) => {
    void answer(id, async () => methods[method]?.(argument as never));
  });
  process.on('disconnect', () => process.exit(0));
  tell('ready', process.pid);
}

async function answer(id: number, run: () => Promise<unknown>): Promise<void> {
  let report: Report;
  try {
    report = { kind: 'result', id, result: await run() };
  } catch (error) {
    report = { kind: 'error', id, error: describe(error as Error) };
  }
  process.send?.(report);
}

/** An error with its own properties, which would get lost on the way. */
export function describe(error: Error): Record<string, unknown> {
  return Object.assign({} as Record<string, unknown>, error, { name: error.name, message: error.message });
}
