import { once } from 'node:events';
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const HOST = '127.0.0.1';

/** Milliseconds between looks at whether a replica is ready, and after which a look counts as a no. */
const LOOK_INTERVAL = 250;
const LOOK_TIMEOUT = 3_000;

interface Backend {
  readonly port: number;
  readonly agent: Agent;
  ready: boolean;
}

/**
 * Stands before the replicas of a service as a Service of Kubernetes does: gives each request to the next replica that
 * is ready by its /health/ready, over connections that it keeps, and never tries twice. What is under way at a replica
 * that is no longer ready may finish.
 */
export class Front {
  /** Requests that were not answered, or with 5xx, and why. */
  readonly failed: string[] = [];
  /** Requests by method, path without ids, and status. */
  readonly answered = new Map<string, number>();
  readonly #backends: readonly Backend[];
  readonly #server: Server;
  readonly #stopping = new AbortController();
  #looking: Promise<unknown> = Promise.resolve();
  #next = 0;

  constructor(
    private readonly port: number,
    replicas: readonly number[],
  ) {
    this.#backends = replicas.map((replica) => ({
      port: replica,
      agent: new Agent({ keepAlive: true }),
      ready: false,
    }));
    this.#server = createServer((incoming, outgoing) => this.#forward(incoming, outgoing));
  }

  async start(): Promise<void> {
    this.#server.listen(this.port, HOST);
    await once(this.#server, 'listening');
    this.#looking = Promise.all(this.#backends.map((backend) => this.#look(backend)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    for (const { agent } of this.#backends) agent.destroy();
    await this.#looking;
  }

  isReady(replica: number): boolean {
    return this.#backends.some(({ port, ready }) => port === replica && ready);
  }

  async #look(backend: Backend): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      backend.ready = await isReady(backend.port);
      // Being woken by the stop is no error.
      await sleep(LOOK_INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = '', url = '', headers } = incoming;
    const name = `${method} ${url.replaceAll(/[0-9a-f-]{36}/g, ':id')}`;
    const ready = this.#backends.filter((backend) => backend.ready);
    const backend = ready[this.#next++ % ready.length];
    const fail = (status: number, why: string): void => {
      this.failed.push(`${name} by ${backend?.port}: ${why}`);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(status).end();
    };
    if (!backend) {
      fail(503, 'no replica is ready');
      return;
    }
    const { port, agent } = backend;
    const passed = request({ host: HOST, port, agent, method, path: url, headers }, (answer) => {
      const { statusCode = 0 } = answer;
      const kind = `${name} ${statusCode}`;
      this.answered.set(kind, (this.answered.get(kind) ?? 0) + 1);
      if (statusCode >= 500) this.failed.push(`${name} by ${port}: ${statusCode}`);
      outgoing.writeHead(statusCode, answer.headers);
      answer.once('error', (error) => fail(502, error.message));
      answer.pipe(outgoing);
    });
    passed.once('error', (error) => fail(502, error.message));
    outgoing.once('close', () => {
      if (outgoing.writableFinished) return;
      this.failed.push(`${name} by ${port}: not answered before the client gave up`);
      passed.destroy();
    });
    incoming.pipe(passed);
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(LOOK_TIMEOUT);
    const answer = await fetch(`http://${HOST}:${port}/health/ready`, { signal });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
