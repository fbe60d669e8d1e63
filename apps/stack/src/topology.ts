import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libraryEnvironment } from '@orderbridge/embedded-mq';
import { embeddedPostgres, LocalPostgres } from '@orderbridge/local-postgres';
import type { Ports } from './ports.js';
import type { ProcessDefinition } from './process-definition.js';

/**
 * Who orders waits for the order service, and nobody waits for what comes after: while a backlog is worked off, the
 * others leave order the CPU that it needs.
 */
const BEHIND_ORDERS = 2;

/** dist/, where everything runs from. */
const dist = fileURLToPath(new URL('../../..', import.meta.url));
/** Files that are no code, as they are in the repository. */
const deploy = fileURLToPath(new URL('../../../../deploy', import.meta.url));

const QUEUE_MANAGER = 'QM1';
const LOCALHOST = '127.0.0.1';

/** The address of orders that come without one, here where everything is for show. */
const DEMO_ADDRESS = {
  name: 'Ada Example',
  street: '1 Market Street',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
};

export interface Place {
  /** Folder of all state. */
  readonly data: string;
  readonly ports: Ports;
  /** Where services find what they need; see `linksFrom`. */
  readonly links: Ports;
  /** Folder of the stand-in for IBM's client library. */
  readonly mqLibrary: string;
}

const DATABASES = ['order', 'inventory', 'payment', 'shipping', 'dead_letters'];

/** The whole system on one machine: every process, what it is given and what it waits for. */
export function topology(
  { data, ports, links, mqLibrary }: Place,
  programs = embeddedPostgres(),
): ProcessDefinition[] {
  const postgres = new LocalPostgres(join(data, 'postgres'), ports.postgres, DATABASES, programs);
  const kafka = { KAFKA_BROKERS: `${LOCALHOST}:${links.kafka}`, KAFKA_PARTITIONS: '3' };
  const mq = {
    IBM_MQ_QUEUE_MANAGER: QUEUE_MANAGER,
    IBM_MQ_CONNECTION_NAME: `${LOCALHOST}(${links.mq})`,
    IBM_MQ_CHANNEL: 'ORDERBRIDGE.SVRCONN',
    ...libraryEnvironment(mqLibrary),
  };
  const seed = { SEED_FILE: join(deploy, 'demo', 'products.json') };

  return [
    {
      name: 'postgres',
      command: postgres.command,
      args: postgres.args,
      environment: {},
      needs: [],
      port: ports.postgres,
      stopSignal: 'SIGINT',
      ipc: false,
      prepare: () => postgres.prepare(),
      complete: () => postgres.createDatabases(),
    },
    broker('kafka', 'embedded-kafka', ports.kafka, [
      ...['--data', join(data, 'kafka'), '--partitions', '3'],
      ...['--advertised', `${LOCALHOST}:${links.kafka}`],
    ]),
    broker('mq', 'embedded-mq', ports.mq, [
      ...['--data', join(data, 'mq'), '--name', QUEUE_MANAGER],
      ...['--mqsc', join(deploy, 'ibm-mq', 'orderbridge.mqsc'), '--no-client'],
    ]),
    service('payment-gateway-mock', ports.paymentGatewayMock, [], {
      LEDGER_FOLDER: join(data, 'payment-gateway-mock'),
    }),
    service('carrier-mock', ports.carrierMock, [], { LEDGER_FOLDER: join(data, 'carrier-mock') }),
    service('order', ports.order, ['postgres'], {
      DATABASE_URL: postgres.url('order', links.postgres),
      DEFAULT_SHIP_TO: JSON.stringify(DEMO_ADDRESS),
      DEFAULT_PAYMENT_TOKEN: 'tok_approve',
      ...kafka,
      ...seed,
    }),
    service('inventory', ports.inventory, ['postgres', 'mq'], {
      DATABASE_URL: postgres.url('inventory', links.postgres),
      ...kafka,
      ...mq,
      ...seed,
    }),
    service('payment', ports.payment, ['postgres', 'mq'], {
      DATABASE_URL: postgres.url('payment', links.postgres),
      PAYMENT_GATEWAY_URL: `http://${LOCALHOST}:${links.paymentGatewayMock}`,
      ...kafka,
      ...mq,
    }),
    service('shipping', ports.shipping, ['postgres'], {
      DATABASE_URL: postgres.url('shipping', links.postgres),
      CARRIER_URL: `http://${LOCALHOST}:${links.carrierMock}/carrier`,
      ...kafka,
    }),
    service('dead-letter-desk', ports.deadLetterDesk, ['postgres', 'mq'], {
      DATABASE_URL: postgres.url('dead_letters', links.postgres),
      ...kafka,
      ...mq,
    }),
  ];
}

/** A process of apps/: reads its environment, answers at /health/ready. */
function service(
  name: string,
  port: number,
  needs: readonly string[],
  environment: Readonly<Record<string, string>>,
): ProcessDefinition {
  return {
    name,
    command: process.execPath,
    args: [...NODE_MEMORY, join(dist, 'apps', name, 'src', 'main.js')],
    environment: { HOST: LOCALHOST, PORT: `${port}`, ...environment },
    needs,
    port,
    readyUrl: `http://${LOCALHOST}:${port}/health/ready`,
    stopSignal: 'SIGTERM',
    ipc: true,
    nice: name === 'order' ? undefined : BEHIND_ORDERS,
  };
}

/** A stand-in broker: ready when it listens. */
function broker(name: string, library: string, port: number, args: readonly string[]): ProcessDefinition {
  return {
    name,
    command: process.execPath,
    args: [join(dist, 'libs', library, 'src', 'cli.js'), ...args, '--host', LOCALHOST, '--port', `${port}`],
    environment: {},
    needs: [],
    port,
    stopSignal: 'SIGTERM',
    ipc: true,
  };
}

/**
 * Keeps a service below 200 MB: young objects die early, and the heap needs no more. A heap that small would be
 * collected whole once a second under load (V8 lets it grow by 30 % in between), so it may grow by 60 %. One thread
 * collects the young objects: many processes share few cores, and waiting for other threads costs more than they save.
 */
const NODE_MEMORY = [
  '--max-old-space-size=128',
  '--max-semi-space-size=8',
  '--heap-growing-percent=60',
  '--no-parallel-scavenge',
];
