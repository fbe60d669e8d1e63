import type { MessageHandler } from '@nestjs/microservices';
import { PATTERN_EXTRAS_METADATA, PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { eventRoutes, type EventRoutes } from '@orderbridge/messaging';

/** The routes that Nest would find by the decorators of the controllers' methods. */
export function routesOf(controllers: readonly object[]): EventRoutes {
  const handlers = new Map<string, MessageHandler>();
  for (const controller of controllers) {
    const prototype = Object.getPrototypeOf(controller) as Record<string, unknown>;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const method = prototype[name];
      if (typeof method !== 'function') continue;
      const patterns = Reflect.getMetadata(PATTERN_METADATA, method) as string[] | undefined;
      for (const pattern of patterns ?? []) {
        const handle = (...args: unknown[]): unknown =>
          (method as (...all: unknown[]) => unknown).apply(controller, args);
        const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as object;
        handlers.set(pattern, Object.assign(handle, { extras }) as unknown as MessageHandler);
      }
    }
  }
  return eventRoutes(handlers);
}
