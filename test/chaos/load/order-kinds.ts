import type { Random } from '../plan/random.js';

export const USER = '66666666-6666-6666-6666-666666666666';
const IN_STOCK = [
  'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb',
  'eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-4000-8000-000000000001',
];
const SOLD_OUT = 'dddddddd-dddd-dddd-dddd-dddddddddddd';

export interface Address {
  readonly name: string;
  readonly street: string;
  readonly postalCode: string;
  readonly city: string;
  readonly country: string;
}

export const ADDRESS: Address = {
  name: 'Ada Example',
  street: '1 Market Street',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
};

/** Text that is XML, or nearly so, which the carrier has to get as it is. */
const XML_TEXTS = [
  '<![CDATA[]]></x>]]>',
  '<![CDATA[1 Market Street]]>',
  ']]>',
  'Smith & Sons <"\'>',
  '&amp;&lt;&#0;&#x1;&nbsp;&unknown;',
  '</name><street>2 Other Street</street><name>',
  '</recipient><orderId>00000000-0000-0000-0000-000000000000</orderId><recipient>',
  '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>&b;',
  '<!-- Ada',
  '__proto__',
  '\u{1F4E6} Å é 名前 \u202E',
];

/** Characters that XML 1.0 cannot carry: an order with one is refused. */
const FORBIDDEN = ['\0', '\u0001', '\u000b', '\u001f', '\ufffe', '\uffff', '\ud800'];

/**
 * Postal codes and payment tokens by which an order hurts itself, and nobody else, at a partner: client and schema faults,
 * servers' faults, answers of proxies, and answers that are no XML, huge, deep, bombs, or name tracking numbers that are
 * none.
 */
export const POISON = {
  postalCodes: [
    ...['99400', '99422', '99501', '99404', '99502', '99600'],
    ...['99601', '99606', '99607', '99608', '99602', '99603'],
  ],
  paymentTokens: ['tok_poison', 'tok_poison_timeout', 'tok_stored_error'],
} as const;

/** Tokens that are charged, whatever is answered, and such that are refunded in the end, or never. */
const CHARGED = [
  ...['tok_retry_after', 'tok_foreign_404', 'tok_foreign_400', 'tok_lost_then_404'],
  ...['tok_lost_then_refused', 'tok_garbage', 'tok_huge', 'tok_empty'],
];
const REFUNDED = ['tok_refund_error', 'tok_refund_lost_then_refused', 'tok_refund_foreign_404'];
const NEVER_REFUNDED = ['tok_refund_poison', 'tok_refund_refused'];

/** What is paid by hand, by the token that is given. */
export interface ByHand {
  readonly paymentToken: string;
}

/** An order as a customer places it. */
export interface OrderForm {
  readonly kind: OrderKind;
  readonly body: { readonly shipTo?: Address };
  /** It is to be refused with 4xx. */
  readonly isRefused?: boolean;
  readonly byHand?: ByHand;
}

const to = (shipTo: Partial<Address>): object => ({ shipTo: { ...ADDRESS, ...shipTo } });
const withIn = (random: Random, text: string): object =>
  to({ [random.pick(['name', 'street', 'city'] as const)]: text });

/** What kinds of orders there are, and how many of 100. The rest is as it should be. */
const KINDS = [
  { name: 'out of stock', share: 5, body: () => ({ items: { [SOLD_OUT]: 1 } }) },
  { name: 'declined', share: 5, body: () => ({ paymentToken: 'tok_decline' }) },
  { name: 'refused by the carrier', share: 1, body: () => to({ postalCode: '00000' }) },
  { name: 'booked late', share: 0.5, body: () => to({ postalCode: '99408' }) },
  { name: 'booked at the third try', share: 0.5, body: () => to({ postalCode: '99500' }) },
  { name: 'booked late, then refused', share: 0.5, body: () => to({ postalCode: '99409' }) },
  { name: 'booked after a pause', share: 0.25, body: () => to({ postalCode: '99503' }) },
  { name: 'never void', share: 0.5, body: () => to({ postalCode: '99403' }) },
  { name: 'charged late', share: 0.5, body: () => ({ paymentToken: 'tok_timeout' }) },
  { name: 'charged at the third try', share: 0.5, body: () => ({ paymentToken: 'tok_error' }) },
  { name: 'refunded late', share: 0.25, body: () => ({ paymentToken: 'tok_refund_timeout' }) },
  {
    name: 'charged, and answered otherwise',
    share: 1,
    body: (random: Random) => ({ paymentToken: random.pick(CHARGED) }),
  },
  {
    name: 'refunded with difficulty',
    share: 0.5,
    body: (random: Random) => ({ ...to({ postalCode: '00000' }), paymentToken: random.pick(REFUNDED) }),
  },
  {
    name: 'never refunded',
    share: 0.3,
    body: (random: Random) => ({ ...to({ postalCode: '00000' }), paymentToken: random.pick(NEVER_REFUNDED) }),
  },
  { name: 'XML as text', share: 1.5, body: (random: Random) => withIn(random, random.pick(XML_TEXTS)) },
  {
    name: 'text that no XML can carry',
    share: 0.5,
    isRefused: true,
    body: (random: Random) => withIn(random, `Ada ${random.pick(FORBIDDEN)}`),
  },
  { name: 'poison at a partner', share: 1.5, body: poison },
  {
    name: 'paid by hand',
    share: 1.2,
    byHand: () => ({ paymentToken: 'tok_approve' }),
    body: () => ({}),
  },
  {
    name: 'declined by hand',
    share: 0.3,
    byHand: () => ({ paymentToken: 'tok_decline' }),
    body: () => ({}),
  },
  {
    name: 'paid by hand and out of stock',
    share: 1.5,
    byHand: (random: Random) => ({ paymentToken: random.chance(0.7) ? 'tok_approve' : 'tok_timeout' }),
    body: () => ({ items: { [SOLD_OUT]: 1 } }),
  },
] as const;

export type OrderKind = (typeof KINDS)[number]['name'] | 'good';

/** An order of a kind that is drawn by its share. */
export function drawOrder(random: Random): OrderForm {
  let drawn = random.between(0, 100);
  const kind = KINDS.find(({ share }) => (drawn -= share) < 0);
  return {
    kind: kind?.name ?? 'good',
    body: { ...basket(random), ...kind?.body(random) },
    isRefused: kind !== undefined && 'isRefused' in kind,
    ...(kind && 'byHand' in kind && { byHand: kind.byHand(random) }),
  };
}

export const goodOrder = (random: Random): OrderForm => ({ kind: 'good', body: basket(random) });

/** One that hurts itself at a partner, or that would if text were not text. */
export const poisonOrder = (random: Random): OrderForm =>
  random.chance(0.5)
    ? { kind: 'poison at a partner', body: { ...basket(random), ...poison(random) } }
    : { kind: 'XML as text', body: { ...basket(random), ...withIn(random, random.pick(XML_TEXTS)) } };

function basket(random: Random): object {
  const items: Record<string, number> = {};
  for (const product of random.shuffled(IN_STOCK).slice(0, random.whole(1, 3)))
    items[product] = random.whole(1, 4);
  return { userId: USER, items };
}

function poison(random: Random): object {
  const { postalCodes, paymentTokens } = POISON;
  const which = random.whole(0, postalCodes.length + paymentTokens.length - 1);
  const postalCode = postalCodes[which];
  if (postalCode !== undefined) return to({ postalCode });
  return { paymentToken: paymentTokens[which - postalCodes.length] };
}
