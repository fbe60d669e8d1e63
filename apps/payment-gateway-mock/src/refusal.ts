import type { FastifyReply } from 'fastify';

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

/** Answers a request with an error of the gateway. */
export function refuse(reply: FastifyReply, status: number, code: string, message: string): ErrorBody {
  void reply.status(status);
  return { code, message };
}
