import type { CrashPoint } from '@orderbridge/crash-points';
import type { Garbage } from '../link/garbage.js';

/** What carries orders. */
export const SERVICES = ['order', 'inventory', 'payment', 'shipping'] as const;
export type Service = (typeof SERVICES)[number];

export const DESK = 'dead-letter-desk';
/** What has crash points. */
export type Crashable = Service | typeof DESK;

/** Every process of `npm start`. */
export const VICTIMS = [
  ...SERVICES,
  DESK,
  'payment-gateway-mock',
  'carrier-mock',
  'postgres',
  'kafka',
  'mq',
] as const;
export type Victim = (typeof VICTIMS)[number];

/** What services are led to through proxies. */
export const LINKS = ['postgres', 'kafka', 'mq', 'payment-gateway-mock', 'carrier-mock'] as const;
export type LinkName = (typeof LINKS)[number];

/** Whom services ask over HTTP. */
export const PARTNERS = ['payment-gateway-mock', 'carrier-mock'] as const;
export type Partner = (typeof PARTNERS)[number];

/** Databases of the services and of the desk. */
export const DATABASES = [...SERVICES, 'dead_letters'] as const;
export type DatabaseName = (typeof DATABASES)[number];

/** What an administrator does to a database. */
export const WORKS = [
  'terminate backends',
  'cancel statements',
  'refuse connections',
  'lock a table',
  'change column types',
] as const;
export type Work = (typeof WORKS)[number];

/** Topics that are deleted: of events, and of dead letters, which the strangers' messages fill. */
export const DELETED_TOPICS = [
  'orders',
  'inventory',
  'payments',
  'shipments',
  'payments.shipping.dlt',
  'payments.order.dlt',
] as const;
export type DeletedTopic = (typeof DELETED_TOPICS)[number];

/** What other producers put on a topic. */
export const HOSTILE_RECORDS = [
  'a header named constructor',
  'a header named __proto__',
  'thousands of headers',
  'snappy compression',
  'lz4 compression',
  'zstd compression',
  'a batch that cannot be unpacked',
  'a batch that unpacks to 256 MiB',
] as const;
export type HostileRecord = (typeof HOSTILE_RECORDS)[number];

/** Who alone cannot reach what. */
export const CUT_OFF = [
  ['order', 'kafka'],
  ['inventory', 'kafka'],
  ['payment', 'kafka'],
  ['shipping', 'kafka'],
  ['inventory', 'mq'],
  ['payment', 'mq'],
] as const satisfies readonly (readonly [Service, LinkName])[];

/** What keeps its data on a small disk of its own. */
export const DISKS = ['postgres', 'kafka', 'mq'] as const;
export type DiskName = (typeof DISKS)[number];

/** Something that goes wrong; times in seconds. */
export type Fault =
  /** kill -9. */
  | { readonly kind: 'kill'; readonly victim: Victim }
  /** Dies at the given time it comes to the point. */
  | { readonly kind: 'crash'; readonly victim: Crashable; readonly point: CrashPoint; readonly hit: number }
  /** SIGSTOP, later SIGCONT: longer than any lease (15 s) and session time-out (6 s). */
  | { readonly kind: 'freeze'; readonly victim: Victim; readonly seconds: number }
  /** Every byte is late. */
  | {
      readonly kind: 'delay';
      readonly link: LinkName;
      readonly milliseconds: number;
      readonly seconds: number;
    }
  /** Connections break, new ones are refused; of `share` of the connections, all of them at 1. */
  | { readonly kind: 'drop'; readonly link: LinkName; readonly share: number; readonly seconds: number }
  /**
   * Connections are gone on one side and seem to live on the other, for ever. Where it is the service that does not
   * know, new connections lead nowhere meanwhile, too.
   */
  | {
      readonly kind: 'half-open';
      readonly link: LinkName;
      readonly unaware: 'service' | 'server';
      readonly share: number;
      readonly seconds: number;
    }
  /** Answers are lost after the server did what it was asked. */
  | { readonly kind: 'lost-reply'; readonly link: LinkName; readonly replies: number }
  /** Out of reach for a minute. */
  | { readonly kind: 'away'; readonly link: LinkName; readonly seconds: number }
  /** Nothing more can be written. */
  | { readonly kind: 'disk-full'; readonly disk: DiskName; readonly seconds: number }
  /** Something that is no partner answers; where it is `asked`, after the partner has done what it was asked. */
  | {
      readonly kind: 'garbage';
      readonly link: Partner;
      readonly garbage: Garbage;
      readonly asked: boolean;
      readonly seconds: number;
    }
  /**
   * One service alone cannot reach a server. Where it is order that hears nothing, customers cancel orders whose parcels
   * are delivered meanwhile.
   */
  | { readonly kind: 'cut-off'; readonly service: Service; readonly link: LinkName; readonly seconds: number }
  /** With all that is on it. */
  | { readonly kind: 'topic deleted'; readonly topic: DeletedTopic }
  | { readonly kind: 'hostile record'; readonly record: HostileRecord }
  /** The password that services know is not right for a while. */
  | { readonly kind: 'password'; readonly seconds: number }
  /** The certificate that PostgreSQL shows to who connects has expired, for a while, and every connection is lost. */
  | { readonly kind: 'certificate'; readonly seconds: number }
  | {
      readonly kind: 'maintenance';
      readonly database: DatabaseName;
      readonly work: Work;
      readonly seconds: number;
    }
  /** To what was in it some seconds ago, while brokers, partners and the other databases are as they are. */
  | { readonly kind: 'restore'; readonly restored: Service | 'all'; readonly seconds: number };

export type FaultKind = Fault['kind'];

export const FAULT_KINDS: readonly FaultKind[] = [
  'kill',
  'crash',
  'freeze',
  'delay',
  'drop',
  'half-open',
  'lost-reply',
  'away',
  'disk-full',
  'garbage',
  'cut-off',
  'topic deleted',
  'hostile record',
  'password',
  'certificate',
  'maintenance',
  'restore',
];

/** Whether messages that were handled, or were still to be, are gone afterwards. */
export const losesMessages = ({ kind }: Fault): boolean => kind === 'topic deleted' || kind === 'restore';

/** Databases that are older afterwards than what others know. */
export function restoredBy(fault: Fault): readonly Service[] {
  if (fault.kind !== 'restore') return [];
  return fault.restored === 'all' ? SERVICES : [fault.restored];
}

/** What is hit by what: two faults of the same name differ in nothing but numbers. */
export function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'freeze':
      return `${fault.kind} ${fault.victim}`;
    case 'crash':
      return `crash ${fault.victim} at ${fault.point}`;
    case 'half-open':
      return `half-open ${fault.link}, unaware: ${fault.unaware}`;
    case 'disk-full':
      return `disk-full ${fault.disk}`;
    case 'garbage':
      return `garbage from ${fault.link}: ${fault.garbage}`;
    case 'cut-off':
      return `cut-off of ${fault.service} from ${fault.link}`;
    case 'topic deleted':
      return `topic deleted: ${fault.topic}`;
    case 'hostile record':
      return `hostile record: ${fault.record}`;
    case 'password':
      return 'password rotated';
    case 'certificate':
      return 'certificate expired';
    case 'maintenance':
      return `maintenance of ${fault.database}: ${fault.work}`;
    case 'restore':
      return `restore of ${fault.restored}`;
    default:
      return `${fault.kind} ${fault.link}`;
  }
}
