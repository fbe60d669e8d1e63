/**
 * Which connections of the process have a callback (MQCB) registered, and what waits until none has.
 *
 * The package `ibmmq` 2.1.9 goes through the callbacks of all connections when it disconnects one, and never comes to
 * an end when one of another is among them (`cleanupConnectionContext` in its mqgeta.cc does not step past it). So
 * connections are only disconnected when no callback is registered. Those that are lost take the others with them as
 * a rule, and those that are well are used on; a connection that waits here holds nothing at the queue manager but
 * itself.
 */
const registered = new Set<object>();
const waiting: (() => void)[] = [];

export function callbackRegistered(owner: object): void {
  registered.add(owner);
}

export function callbackForgotten(owner: object): void {
  if (!registered.delete(owner) || registered.size > 0) return;
  for (const disconnect of waiting.splice(0)) disconnect();
}

/** Calls `disconnect` now, or as soon as no callback is registered. It must not throw. */
export function whenNoCallbacks(disconnect: () => void): void {
  if (registered.size === 0) disconnect();
  else waiting.push(disconnect);
}
