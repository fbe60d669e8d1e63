import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as it was sent, with the service that sent it. */
export interface SentSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'other';
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  readonly exceptions: number;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A request of OTLP in JSON, as far as the tests read it. */
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly kind: number;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly attributes: readonly Attribute[];
        readonly events: readonly { readonly name: string }[];
        readonly status: { readonly code: number };
      }[];
    }[];
  }[];
}

const KINDS: Readonly<Record<number, SentSpan['kind']>> = {
  2: 'server',
  3: 'client',
  4: 'producer',
  5: 'consumer',
};
const ERROR = 2;

/** Takes traces by OTLP over HTTP, in JSON, and keeps them. */
export class TraceCollector {
  readonly spans: SentSpan[] = [];
  /** All that came, to the letter. */
  text = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TraceCollector> {
    const server = createServer();
    const collector = new TraceCollector(server);
    server.on('request', (request, response) => {
      void collector
        .#take(request)
        .then(() => response.setHeader('content-type', 'application/json').end('{}'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  async #take(request: IncomingMessage): Promise<void> {
    if (request.url !== '/v1/traces') throw new Error(`Asked for ${request.url}`);
    const sent = (await json(request)) as ExportRequest;
    this.text += JSON.stringify(sent);
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      const service = String(read(resource.attributes)['service.name']);
      for (const { spans } of scopeSpans) {
        for (const { name, kind, traceId, spanId, parentSpanId, attributes, events, status } of spans) {
          this.spans.push({
            service,
            name,
            kind: KINDS[kind] ?? 'other',
            trace: traceId,
            id: spanId,
            parent: parentSpanId,
            attributes: read(attributes),
            failed: status.code === ERROR,
            exceptions: events.filter((event) => event.name === 'exception').length,
          });
        }
      }
    }
  }
}

/** Values are wrapped in an object that names their type. */
const read = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
