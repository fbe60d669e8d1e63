/** Speaks with the desk's HTTP API. */
export class DeskClient {
  constructor(
    private readonly url: string,
    private readonly operator: string,
  ) {}

  get<Body>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Body> {
    const text = new URLSearchParams(query).toString();
    return this.#request<Body>(text === '' ? path : `${path}?${text}`, {});
  }

  post<Body>(path: string, body: unknown): Promise<Body> {
    return this.#request<Body>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-operator': this.operator },
      body: JSON.stringify(body),
    });
  }

  /** @throws Error with a line for the user. */
  async #request<Body>(path: string, init: RequestInit): Promise<Body> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, init);
    } catch (error) {
      throw new Error(
        `Nothing answers at ${this.url}. Is the system running (npm start)? --desk says where.`,
        {
          cause: error,
        },
      );
    }
    const body = (await response.json()) as Body & Problem;
    if (response.ok) return body;
    const errors = (body.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
    throw new Error(`${body.title ?? response.status}: ${body.detail ?? ''}${errors.join('')}`);
  }
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}
