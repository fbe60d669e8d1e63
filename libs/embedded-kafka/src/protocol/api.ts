import type { Reader } from './reader.js';
import { structure, type Codec, type Draft, type Fields, type Received } from './schema.js';
import type { Writer } from './writer.js';

interface ApiDefinition<Request extends Fields, Response extends Fields> {
  /** The number that names the request on the wire. */
  readonly key: number;
  readonly name: string;
  /** First and last version that this broker implements. */
  readonly versions: readonly [number, number];
  /** First version that it announces, where that is another one. */
  readonly announcedFrom?: number;
  /** First version with compact lengths and tagged fields (KIP-482); left out when there is none. */
  readonly flexibleFrom?: number;
  readonly request: Request;
  readonly response: Response;
}

/** One kind of request and its response, in all the versions that are implemented. */
export class Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly announcedMinVersion: number;
  private readonly flexibleFrom: number;
  private readonly requests: Codec<Received<Request>, Draft<Request>>[] = [];
  private readonly responses: Codec<Received<Response>, Draft<Response>>[] = [];

  constructor(private readonly definition: ApiDefinition<Request, Response>) {
    this.key = definition.key;
    this.name = definition.name;
    [this.minVersion, this.maxVersion] = definition.versions;
    this.announcedMinVersion = definition.announcedFrom ?? this.minVersion;
    this.flexibleFrom = definition.flexibleFrom ?? Infinity;
  }

  supports(version: number): boolean {
    return version >= this.minVersion && version <= this.maxVersion;
  }

  isFlexible(version: number): boolean {
    return version >= this.flexibleFrom;
  }

  readRequest(version: number, reader: Reader): Received<Request> {
    return this.requestCodec(version).read(reader);
  }

  writeRequest(version: number, writer: Writer, request: Draft<Request>): void {
    this.requestCodec(version).write(writer, request);
  }

  readResponse(version: number, reader: Reader): Received<Response> {
    return this.responseCodec(version).read(reader);
  }

  writeResponse(version: number, writer: Writer, response: Draft<Response>): void {
    this.responseCodec(version).write(writer, response);
  }

  private requestCodec(version: number): Codec<Received<Request>, Draft<Request>> {
    return (this.requests[version] ??= structure(this.definition.request, version, this.isFlexible(version)));
  }

  private responseCodec(version: number): Codec<Received<Response>, Draft<Response>> {
    return (this.responses[version] ??= structure(
      this.definition.response,
      version,
      this.isFlexible(version),
    ));
  }
}

export type RequestOf<A> = A extends Api<infer Request, infer _Response> ? Received<Request> : never;
export type ResponseOf<A> = A extends Api<infer _Request, infer Response> ? Draft<Response> : never;

export function api<Request extends Fields, Response extends Fields>(
  definition: ApiDefinition<Request, Response>,
): Api<Request, Response> {
  return new Api(definition);
}
