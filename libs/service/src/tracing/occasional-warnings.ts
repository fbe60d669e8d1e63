import { Logger } from '@nestjs/common';
import type { DiagLogger } from '@opentelemetry/api';

/**
 * Logs what OpenTelemetry complains about, as a warning, and then nothing more for a while: a collector may be away for
 * long.
 */
export class OccasionalWarnings implements DiagLogger {
  readonly #logger = new Logger('Tracing');
  #quietUntil = -Infinity;

  /** `interval` in milliseconds from one warning to the next. */
  constructor(private readonly interval: number) {}

  error(message: string): void {
    this.#warn(message);
  }

  warn(message: string): void {
    this.#warn(message);
  }

  info(): void {}

  debug(): void {}

  verbose(): void {}

  #warn(message: string): void {
    const now = performance.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + this.interval;
    this.#logger.warn(`Spans may be lost: ${textOf(message)}`);
  }
}

/** The SDK tells of an error as JSON, with its stack. */
function textOf(message: string): string {
  try {
    const { message: text } = JSON.parse(message) as { message?: unknown };
    return typeof text === 'string' ? text : message;
  } catch {
    return message;
  }
}
