import type { Random } from './random.js';

/**
 * Replaces what production code takes from its surroundings without a port: the time of day, the time since the start, Math.random and the bytes
 * of which UUIDs are made. One run at a time.
 *
 * @param now milliseconds since 1970.
 * @returns what puts everything back.
 */
export function replaceAmbient(now: () => number, random: Random): () => void {
  const RealDate = globalThis.Date;
  const realRandom = Math.random;
  Object.defineProperty(globalThis.performance, 'now', { configurable: true, value: now });
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    get: (target, name, receiver) =>
      name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
  });
  Math.random = () => random.next();
  Object.defineProperty(globalThis.crypto, 'getRandomValues', {
    configurable: true,
    value: <Bytes extends Uint8Array>(bytes: Bytes): Bytes => {
      for (let index = 0; index < bytes.length; index++) bytes[index] = random.below(256);
      return bytes;
    },
  });
  return () => {
    globalThis.Date = RealDate;
    Math.random = realRandom;
    Reflect.deleteProperty(globalThis.performance, 'now');
    Reflect.deleteProperty(globalThis.crypto, 'getRandomValues');
  };
}
