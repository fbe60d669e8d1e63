import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Bytes of lines that may wait for a disk that is full; what comes when there are more is left out. */
const MOST_WAITING = 1_000_000;

/**
 * Nest's logger, written as JSON lines by pino. An object as the message becomes fields of its line. A call never throws
 * because of where the lines go: on a full disk the last MB of them waits, and follows when there is room again.
 */
export class PinoLogger implements LoggerService {
  readonly #pino: Logger;

  constructor(name: string, level: string, file: number = process.stdout.fd) {
    const destination = pino.destination({ dest: file, sync: true, maxLength: MOST_WAITING });
    // Without a listener, a full disk would throw into whoever logs.
    destination.on('error', () => undefined);
    this.#pino = pino(
      {
        name,
        level,
        base: { pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination,
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  /** Nest passes the context last and, for errors, a stack before it. */
  #write(level: Level, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    if (message instanceof Error) this.#pino[level]({ context, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) {
      const { message: text, ...fields } = message as { message?: string };
      this.#pino[level]({ context, ...fields }, text);
    } else this.#pino[level]({ context, ...(stack && { stack }) }, String(message));
  }
}
