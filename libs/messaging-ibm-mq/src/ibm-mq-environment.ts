import type { IbmMqConnectionOptions } from '@orderbridge/ibm-mq';
import { z } from 'zod';

/** How a service reaches IBM MQ. */
export const ibmMqEnvironment = {
  IBM_MQ_QUEUE_MANAGER: z.string().describe('name of the queue manager, e.g. QM1'),
  IBM_MQ_CONNECTION_NAME: z
    .string()
    .regex(
      /^[^\s(),:]+(\(\d+\)|:\d+)(,[^\s(),:]+(\(\d+\)|:\d+))*$/,
      'must be host(port), several separated by commas',
    )
    .describe('comma-separated host(port) of the queue manager'),
  IBM_MQ_CHANNEL: z.string().default('ORDERBRIDGE.SVRCONN').describe('server-connection channel'),
  IBM_MQ_USER: z.string().optional().describe('user, where the queue manager asks for one'),
  IBM_MQ_PASSWORD: z.string().optional().describe('password of the user'),
  IBM_MQ_CIPHER_SPEC: z
    .string()
    .optional()
    .describe('cipher spec for TLS, e.g. ANY_TLS12_OR_HIGHER; without it no TLS'),
  IBM_MQ_KEY_REPOSITORY: z
    .string()
    .optional()
    .describe('path of the key repository for TLS: a .kdb without its ending, or a .p12 file'),
  IBM_MQ_KEY_REPOSITORY_PASSWORD: z
    .string()
    .optional()
    .describe('password of the key repository, where no stash file lies beside it'),
  IBM_MQ_CERTIFICATE_LABEL: z
    .string()
    .optional()
    .describe("label of the service's own certificate in the key repository (mutual TLS)"),
  IBM_MQ_PEER_NAME: z
    .string()
    .optional()
    .describe("distinguished name that the queue manager's certificate must have"),
};

export type IbmMqConfig = z.infer<z.ZodObject<typeof ibmMqEnvironment>>;

export function connectionOptions(config: IbmMqConfig, applicationName: string): IbmMqConnectionOptions {
  return {
    queueManager: config.IBM_MQ_QUEUE_MANAGER,
    addresses: config.IBM_MQ_CONNECTION_NAME,
    channel: config.IBM_MQ_CHANNEL,
    applicationName,
    ...(config.IBM_MQ_USER && {
      credentials: { user: config.IBM_MQ_USER, password: config.IBM_MQ_PASSWORD },
    }),
    ...(config.IBM_MQ_CIPHER_SPEC && {
      tls: {
        cipherSpec: config.IBM_MQ_CIPHER_SPEC,
        keyRepository: config.IBM_MQ_KEY_REPOSITORY,
        keyRepositoryPassword: config.IBM_MQ_KEY_REPOSITORY_PASSWORD,
        certificateLabel: config.IBM_MQ_CERTIFICATE_LABEL,
        peerName: config.IBM_MQ_PEER_NAME,
      },
    }),
  };
}
