import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Nest's logger, written as JSON lines by pino. An object as the message becomes fields of its line. */
export class PinoLogger implements LoggerService {
  readonly #pino: Logger;

  constructor(name: string, level: string) {
    this.#pino = pino({
      name,
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    });
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
