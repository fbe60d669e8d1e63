/** What a program can be asked, over its IPC channel. */
export type Methods = Readonly<Record<string, (argument: never) => unknown>>;

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  /** Why it failed. */
  readonly problem?: string;
}

/** Answers requests until the parent goes away. */
export function serve(methods: Methods): void {
  process.on('message', (request: Request) => void answer(methods, request));
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole process group; the parent ends this process when it has cleaned up.
  process.on('SIGINT', () => undefined);
  process.send?.({ id: 0 } satisfies Answer);
}

async function answer(methods: Methods, { id, method, argument }: Request): Promise<void> {
  try {
    const result = await methods[method]?.(argument as never);
    process.send?.({ id, result } satisfies Answer);
  } catch (error) {
    process.send?.({ id, problem: (error as Error).stack ?? String(error) } satisfies Answer);
  }
}
