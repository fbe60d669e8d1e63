/** The two brokers a message can go to. */
export type Broker = 'kafka' | 'ibm-mq';

/** A Kafka topic or an IBM MQ queue. */
export interface Destination {
  readonly broker: Broker;
  readonly name: string;
}

export const topic = (name: string): Destination => ({ broker: 'kafka', name });
export const queue = (name: string): Destination => ({ broker: 'ibm-mq', name });
