/** What a service says of its run in progress, or of its last one. */
export interface Report {
  readonly status: 'never' | 'running' | 'finished';
  /** What was compared, found and repaired, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** Why the page that is due could not be compared, where it was tried. */
  readonly error?: string;
}

/** Speaks with the reconciliation of one service. */
export class ReconcileClient {
  constructor(
    readonly name: string,
    private readonly url: string,
  ) {}

  /** Starts a run; resolves with whether it did, or one was in progress. @throws Error with a line for the user. */
  async start(all: boolean): Promise<boolean> {
    const response = await this.#request({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ all }),
    });
    return response.status === 202;
  }

  /** @throws Error with a line for the user. */
  async report(): Promise<Report> {
    return (await (await this.#request({})).json()) as Report;
  }

  async #request(init: RequestInit): Promise<Response> {
    const address = `${this.url}/reconcile`;
    let response: Response;
    try {
      response = await fetch(address, { ...init, signal: AbortSignal.timeout(10_000) });
    } catch (error) {
      const message = `${this.name} does not answer at ${this.url}. Is it running? --url says where it is.`;
      throw new Error(message, { cause: error });
    }
    if (response.ok) return response;
    throw new Error(`${this.name} answers ${response.status} at ${address}: ${await response.text()}`);
  }
}
