import { Injectable } from '@nestjs/common';

/** Resolves when the dependency answered; rejects with what is wrong. */
export type ReadinessCheck = () => Promise<void>;

/** What operators want to see, whatever it is. */
export type Information = () => Readonly<Record<string, unknown>>;

/** What must answer before the service is ready. Modules that bring a dependency register it here. */
@Injectable()
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();
  readonly #information = new Map<string, Information>();
  #stopping = false;

  register(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** Shows something beside the checks that does not decide whether the service is ready. */
  inform(name: string, information: Information): void {
    this.#information.set(name, information);
  }

  get information(): ReadonlyMap<string, Information> {
    return this.#information;
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
