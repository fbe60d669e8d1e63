import { ErrorCode, MalformedMessageError } from '../protocol/errors.js';
import { apiVersionsApi } from '../protocol/messages/api-versions.js';
import { produceApi } from '../protocol/messages/produce.js';
import { Reader } from '../protocol/reader.js';
import type { Draft, Fields } from '../protocol/schema.js';
import { Writer } from '../protocol/writer.js';
import type { Route } from '../handlers/handler.js';
import type { Connection, FrameHandler } from './connection.js';

/** The client asked for something that this broker does not announce. */
export class UnsupportedRequestError extends Error {
  override readonly name = 'UnsupportedRequestError';
}

/** Decodes requests, hands them to the handlers and encodes the responses. */
export class RequestDispatcher implements FrameHandler {
  private readonly routes = new Map<number, Route>();

  constructor(
    routes: readonly Route[],
    /** Where clients are told to find the broker; undefined stands for the address through which they have come. */
    private readonly advertised: { readonly host: string; readonly port: number } | undefined,
  ) {
    for (const route of routes) this.routes.set(route.api.key, route);
  }

  /** Batches of one producer may wait for the disk together; their order is that in which they are appended. */
  mayPipeline(frame: Buffer): boolean {
    return frame.length >= 2 && frame.readInt16BE(0) === produceApi.key;
  }

  handle(frame: Buffer, connection: Connection): Buffer[] | null | Promise<Buffer[] | null> {
    const reader = new Reader(frame);
    const key = reader.int16();
    const version = reader.int16();
    const correlationId = reader.int32();
    const route = this.routes.get(key);
    if (route === undefined || !route.api.supports(version)) {
      if (key === apiVersionsApi.key) return this.refuseApiVersions(correlationId);
      throw new UnsupportedRequestError(`request ${key} in version ${version} is not supported`);
    }
    const { api } = route;
    const clientIdLength = reader.length16();
    const clientId = clientIdLength < 0 ? '' : reader.text(clientIdLength);
    if (api.isFlexible(version)) reader.skipTaggedFields();
    const request = api.readRequest(version, reader);
    if (reader.remaining > 0) throw new MalformedMessageError(`${reader.remaining} bytes too many`);

    const encode = (response: object | null): Buffer[] | null => {
      if (response === null) return null;
      const writer = startResponse(correlationId);
      // Clients read the answer to ApiVersions before they know what the broker understands.
      if (api.isFlexible(version) && key !== apiVersionsApi.key) writer.noTaggedFields();
      api.writeResponse(version, writer, response as Draft<Fields>);
      return finishResponse(writer);
    };
    const response = route.handle(request, {
      version,
      clientId,
      clientHost: `/${connection.peer}`,
      advertised: this.advertised ?? connection.localAddress,
      onDisconnect: (listener) => connection.onClose(listener),
    });
    return response instanceof Promise ? response.then(encode) : encode(response);
  }

  /** KIP-511: the answer is in version 0, which every client reads, and says which versions there are. */
  private refuseApiVersions(correlationId: number): Buffer[] {
    const { key, minVersion, maxVersion } = apiVersionsApi;
    const writer = startResponse(correlationId);
    apiVersionsApi.writeResponse(0, writer, {
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apis: [{ key, minVersion, maxVersion }],
    });
    return finishResponse(writer);
  }
}

function startResponse(correlationId: number): Writer {
  const writer = new Writer();
  writer.int32(0);
  writer.int32(correlationId);
  return writer;
}

function finishResponse(writer: Writer): Buffer[] {
  writer.patchInt32(0, writer.length - 4);
  return writer.finish();
}
