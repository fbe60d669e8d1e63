import type { GroupCoordinator } from '../group/group-coordinator.js';
import type { ProducerIds } from '../producer/producer-ids.js';
import type { Api, RequestOf, ResponseOf } from '../protocol/api.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { Fields } from '../protocol/schema.js';
import { StorageError } from '../storage/storage-error.js';
import type { TopicCatalog } from '../topic/topic-catalog.js';

/** What the handlers work on. */
export interface Services {
  readonly clusterId: string;
  readonly topics: TopicCatalog;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
  readonly settings: ServiceSettings;
  readonly log: (line: string) => void;
}

export interface ServiceSettings {
  readonly dataDir: string;
  readonly defaultPartitions: number;
  readonly autoCreateTopics: boolean;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Upper bound of a Fetch response, whatever the client allows; one batch may exceed it. */
  readonly maxFetchBytes: number;
}

/** What a handler knows of a request besides its content. */
export interface RequestContext {
  readonly version: number;
  readonly clientId: string;
  /** As Kafka shows it, with a slash in front. */
  readonly clientHost: string;
  /** Where this client is told to find the broker. */
  readonly advertised: { readonly host: string; readonly port: number };
  /** Calls the listener when the client is gone, until the returned function is called. */
  onDisconnect(listener: () => void): () => void;
}

/** Answers one kind of request; null stands for no response. What it throws closes the connection. */
export type Handler<A> = (
  request: RequestOf<A>,
  context: RequestContext,
) => ResponseOf<A> | null | Promise<ResponseOf<A> | null>;

/** A kind of request together with what answers it. */
export interface Route {
  readonly api: Api;
  handle(request: object, context: RequestContext): object | null | Promise<object | null>;
}

export function route<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  handle: Handler<Api<Request, Response>>,
): Route {
  return { api, handle };
}

/** The broker is alone, so it is leader of all partitions, coordinator of all groups and controller. */
export const nodeId = 1;

/** Runs a part of a request and turns what it throws into the code, and the message, to answer with. */
export async function attempt<T>(
  work: () => T | Promise<T>,
): Promise<{ errorCode: ErrorCode; errorMessage: string | null; value?: T }> {
  try {
    return { errorCode: ErrorCode.NONE, errorMessage: null, value: await work() };
  } catch (error) {
    return refusal(error);
  }
}

/** The code and message of an error of the protocol or the disk; any other error is thrown on. */
export function refusal(error: unknown): { errorCode: ErrorCode; errorMessage: string } {
  if (error instanceof RefusedError) return { errorCode: error.code, errorMessage: error.message };
  if (error instanceof StorageError) {
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage: error.message };
  }
  throw error;
}
