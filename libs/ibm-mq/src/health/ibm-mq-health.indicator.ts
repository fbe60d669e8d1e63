import { Injectable } from '@nestjs/common';

/** What can be asked: a connection manager, a server, a client. */
export interface Checkable {
  /** Rejects with the reason when it is not well. */
  check(): Promise<void>;
}

/** The result of one indicator in the form of `@nestjs/terminus`. */
export type IbmMqHealth<Key extends string> = Record<
  Key,
  { readonly status: 'up' | 'down'; readonly milliseconds?: number; readonly message?: string }
>;

/**
 * Health indicator for `@nestjs/terminus`, which this library does not depend on:
 * `health.check([() => indicator.isHealthy('ibm-mq', server)])`.
 */
@Injectable()
export class IbmMqHealthIndicator {
  /** Asks the queue manager, and a server also whether all its consumers consume. Never rejects. */
  async isHealthy<Key extends string>(key: Key, checkable: Checkable): Promise<IbmMqHealth<Key>> {
    const started = performance.now();
    try {
      await checkable.check();
      return health(key, { status: 'up', milliseconds: Math.round(performance.now() - started) });
    } catch (error) {
      return health(key, { status: 'down', message: (error as Error).message });
    }
  }
}

function health<Key extends string>(key: Key, value: IbmMqHealth<Key>[Key]): IbmMqHealth<Key> {
  return { [key]: value } as IbmMqHealth<Key>;
}
