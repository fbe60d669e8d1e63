import type { CloudEvent } from '@orderbridge/contracts';
import type { EventRoute } from '@orderbridge/messaging';
import type { World } from '../world.js';
import { SimulatedBug, SimulatedRefusal } from './simulated-bug.js';

/** Most milliseconds until a bug is mended. */
const MENDED = 120_000;

/** The bugs that handlers have for a while: some events bring one out, each time; a handler may also fail once. */
export class Bugs {
  /** The events that every process of a service has met. */
  readonly #met = new Set<string>();
  readonly #poisoned = new Map<string, 'bug' | 'refusal'>();

  constructor(private readonly world: World) {}

  in(service: string, route: EventRoute): EventRoute {
    return {
      ...route,
      handle: async (events, context) => {
        for (const event of events) this.#meet(service, event);
        await route.handle(events, context);
        if (this.world.faults.happens('stumble')) throw new SimulatedBug('simulated: the handler fails once');
      },
    };
  }

  #meet(service: string, { id, type, subject }: CloudEvent): void {
    const { faults, scheduler, random, names } = this.world;
    const key = `${service} ${id}`;
    if (!this.#met.has(key)) {
      this.#met.add(key);
      if (faults.happens('poison')) {
        this.#poisoned.set(key, faults.toss() ? 'bug' : 'refusal');
        scheduler.after(undefined, random.below(MENDED), `the bug of ${service} is mended`, () =>
          this.#poisoned.delete(key),
        );
      }
    }
    const kind = faults.active ? this.#poisoned.get(key) : undefined;
    if (!kind) return;
    const message = `simulated: a bug that ${type} ${names.of(subject)} brings out`;
    throw kind === 'bug' ? new SimulatedBug(message) : new SimulatedRefusal(message);
  }
}
