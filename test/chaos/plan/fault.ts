import type { CrashPoint } from '@orderbridge/crash-points';

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
  | { readonly kind: 'disk-full'; readonly disk: DiskName; readonly seconds: number };

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
];

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
    default:
      return `${fault.kind} ${fault.link}`;
  }
}
