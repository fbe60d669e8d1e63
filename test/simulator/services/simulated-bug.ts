import { PermanentError } from '@orderbridge/messaging';

/** What a handler throws that has a bug for a while; not the product's fault. */
export class SimulatedBug extends Error {
  override readonly name = 'SimulatedBug';
}

/** The same, of the kind that is not tried again. */
export class SimulatedRefusal extends PermanentError {
  override readonly name = 'SimulatedRefusal';
}
