import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { refuse } from './refusal.js';

/** An answer other than the gateway's ordinary ones. */
export type Answer =
  /** After the caller's time-out; then as usual, or an error when nothing was done. */
  | 'late'
  /** The connection is cut instead. */
  | 'lost'
  | 'error'
  /** 503, with a pause that the caller is to make. */
  | 'busy'
  | 'garbage'
  | 'huge'
  | 'empty'
  /** What a proxy in front of the gateway answers: it has no `code` of the gateway. */
  | 'foreign-404'
  | 'foreign-400'
  | { readonly kind: 'refusal'; readonly status: number; readonly code: string; readonly message: string };

const HUGE_BYTES = 256 * 1_024 * 1_024;

/** Gives an answer; resolves with undefined when the usual one is to follow. */
export async function give(answer: Answer, reply: FastifyReply, lateMs: number): Promise<unknown> {
  if (typeof answer !== 'string') return refuse(reply, answer.status, answer.code, answer.message);
  switch (answer) {
    case 'late':
      await sleep(lateMs);
      return undefined;
    case 'lost':
      reply.raw.destroy();
      return '';
    case 'error':
      return refuse(reply, 500, 'internal_error', 'The gateway has a problem of its own.');
    case 'busy':
      void reply.header('retry-after', '2');
      return refuse(reply, 503, 'busy', 'The gateway is busy.');
    case 'garbage':
      void reply.status(201);
      return { id: ['ch'], status: 'perhaps', nested: { deep: '\0' } };
    case 'huge':
      void reply.status(201);
      return new StreamableFile(Readable.from(hugeText()), { type: 'application/json' });
    case 'empty':
      void reply.status(201);
      return '';
    case 'foreign-404':
      void reply.status(404);
      return { message: 'no Route matched with those values' };
    default:
      void reply.status(400);
      return { statusCode: 400, error: 'Bad Request' };
  }
}

function* hugeText(): Generator<string> {
  const chunk = 'a'.repeat(1_024 * 1_024);
  yield '{"id":"';
  for (let bytes = 0; bytes < HUGE_BYTES; bytes += chunk.length) yield chunk;
  yield '","status":"succeeded"}';
}
