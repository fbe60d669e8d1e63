import { Injectable } from '@nestjs/common';

/** Resolves when the dependency answered; rejects with what is wrong. */
export type ReadinessCheck = () => Promise<void>;

/** What must answer before the service is ready. Modules that bring a dependency register it here. */
@Injectable()
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();
  #stopping = false;

  register(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  get checks(): ReadonlyMap<string, ReadinessCheck> {
    return this.#checks;
  }

  /** From now on the service is not ready: load balancers send no more requests. */
  stop(): void {
    this.#stopping = true;
  }

  get stopping(): boolean {
    return this.#stopping;
  }
}
