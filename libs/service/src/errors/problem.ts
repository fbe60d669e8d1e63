import { HttpException } from '@nestjs/common';

/** One thing that is wrong with a request. */
export interface ProblemDetail {
  /** Where: a JSON pointer into the body, or the name of a parameter or header. */
  readonly pointer: string;
  readonly detail: string;
}

export interface Problem {
  /** HTTP status code. */
  readonly status: number;
  /** Short, the same for all problems of the kind; defaults to the status's name. */
  readonly title?: string;
  /** What is wrong this time, and what to do about it. */
  readonly detail: string;
  readonly errors?: readonly ProblemDetail[];
  /** Seconds after which a caller may send the request again; every 503 says so, 5 unless given. */
  readonly retryAfterSeconds?: number;
  /** Further members of the problem document. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An HTTP error that is answered as an RFC 9457 problem document. */
export class ProblemException extends HttpException {
  constructor(readonly problem: Problem) {
    super(problem.detail, problem.status);
  }
}
