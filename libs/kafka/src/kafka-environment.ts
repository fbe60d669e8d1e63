import { z } from 'zod';

const address = /^[^\s:,]+:\d{1,5}(,[^\s:,]+:\d{1,5})*$/;

/** How a service reaches Kafka. */
export const kafkaEnvironment = {
  KAFKA_BROKERS: z
    .string()
    .regex(address, 'must be host:port, several separated by commas')
    .transform((value) => value.split(','))
    .describe('comma-separated host:port of the Kafka brokers'),
  KAFKA_SSL: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('true to connect with TLS'),
  KAFKA_SSL_CA: z
    .string()
    .optional()
    .describe('PEM file of the authorities that sign for the brokers; without it those that Node.js knows'),
  KAFKA_SSL_CERTIFICATE: z
    .string()
    .optional()
    .describe('PEM file of the certificate to show to brokers that ask for one (mutual TLS)'),
  KAFKA_SSL_KEY: z.string().optional().describe('PEM file of its private key'),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('plain, scram-sha-256 or scram-sha-512; without it no user is sent'),
  KAFKA_SASL_USERNAME: z.string().default('').describe('user for SASL'),
  KAFKA_SASL_PASSWORD: z.string().default('').describe('password for SASL'),
  KAFKA_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .default(6)
    .describe('partitions of topics that do not exist yet'),
  KAFKA_REPLICATION_FACTOR: z.coerce
    .number()
    .int()
    .min(-1)
    .default(-1)
    .describe('replicas of topics that do not exist yet; -1 for what the cluster is set to'),
  KAFKA_SESSION_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(6_000)
    .default(6_000)
    .describe('milliseconds after which the partitions of a consumer that died go to others'),
};

export type KafkaConfig = z.infer<z.ZodObject<typeof kafkaEnvironment>>;
