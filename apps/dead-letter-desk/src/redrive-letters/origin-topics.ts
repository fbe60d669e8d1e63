import { Injectable } from '@nestjs/common';
import { INVENTORY, ORDERS, PAYMENTS, SHIPMENTS } from '@orderbridge/contracts';
import { KafkaConnection } from '@orderbridge/kafka';
import { ProblemException } from '@orderbridge/service';

/** Topics that the services make, and make again when they are gone. */
const OUR_TOPICS: ReadonlySet<string> = new Set(
  [ORDERS, INVENTORY, PAYMENTS, SHIPMENTS].map(({ name }) => name),
);

/** Knows whether a letter of Kafka can go back to where it came from. */
@Injectable()
export class OriginTopics {
  constructor(private readonly kafka: KafkaConnection) {}

  /**
   * Resolves when a topic exists, or is one that the services make. Of any other, which a stranger may have thought up, the
   * relay would make a topic that nobody reads, or fail at it.
   *
   * @throws ProblemException 409 when there is no such topic; 503 when Kafka does not answer.
   */
  async check(topic: string): Promise<void> {
    if (OUR_TOPICS.has(topic)) return;
    const topics = await this.kafka.topics().catch((error: Error) => {
      throw new ProblemException({
        status: 503,
        title: 'Kafka unavailable',
        detail: `Whether the topic ${topic} exists has to be asked first. Nothing was changed; ask again later. ${error.message}`,
      });
    });
    if (topics.includes(topic)) return;
    throw new ProblemException({
      status: 409,
      title: 'Topic gone',
      detail: `The letter came from the topic ${topic}, which does not exist. Make that topic again, or discard the letter. Nothing was changed.`,
    });
  }
}
