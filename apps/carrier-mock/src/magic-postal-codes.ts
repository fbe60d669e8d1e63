import { clientFault, serverFault, type SoapFault } from './carrier-fault.js';
import { RawAnswer } from './raw-answer.js';

/** Postal codes that make the carrier misbehave, each for its own order only. */
export const FAULTS = {
  /** Refused. */
  invalidAddress: '00000',
  /** Books at once, but answers the first request too late. */
  lateAnswer: '99408',
  /** Books, but answers the first request too late; refuses the address from then on. */
  lateThenRefused: '99409',
  /** Fails twice before it books. */
  serverError: '99500',
  /** Asks once to be left alone for two seconds, then books. */
  retryAfter: '99503',
  /** Books, but refuses to void. */
  refusesVoid: '99403',
  /** Books with a tracking number that is empty. */
  emptyTrackingNumber: '99602',
  /** Books with a tracking number of 10,000 characters. */
  longTrackingNumber: '99603',
  /** Books and delivers, with a time of delivery that is empty. */
  emptyDate: '99604',
  /** Books and delivers, with a time of delivery in the year 9999. */
  farOffDate: '99605',
} as const;

const HTML = { 'content-type': 'text/html' };
const XML = { 'content-type': 'text/xml; charset=utf-8' };
const HUGE_BYTES = 64 * 1_048_576;
const ENTITIES = `<!DOCTYPE x [<!ENTITY a "lol">${'bcdefghi'
  .split('')
  .map((name, index) => `<!ENTITY ${name} "${`&${'abcdefgh'[index]};`.repeat(10)}">`)
  .join('')}]><Envelope>&i;</Envelope>`;
const raw = (status: number, headers: Record<string, string>, body: string) => () =>
  new RawAnswer(status, headers, Buffer.from(body));

/** Postal codes for which nothing is ever booked, with what is answered instead. */
export const NEVER_BOOKED: Readonly<Record<string, () => SoapFault | RawAnswer>> = {
  /** The request is at fault. */
  '99400': () => clientFault('InvalidRequest', 'The request cannot be understood.'),
  /** A fault without the carrier's own detail. */
  '99422': () => ({
    Fault: { faultcode: 'soap:Client', faultstring: 'The request does not fit the schema.', statusCode: 500 },
  }),
  /** The carrier fails. */
  '99501': () => serverFault('Internal', 'The carrier has a problem of its own.'),
  /** A proxy answers. */
  '99404': raw(404, HTML, '<!DOCTYPE html><html><body>Not found</body></html>'),
  '99502': raw(502, HTML, '<html><body>Bad gateway</body></html>'),
  /** No well-formed XML. */
  '99600': raw(200, XML, '<soap:Envelope><soap:Body><<<'),
  /** 64 MiB. */
  '99601': () => new RawAnswer(200, XML, Buffer.alloc(HUGE_BYTES, '<a>')),
  /** Entities that expand to a billion. */
  '99606': raw(200, XML, ENTITIES),
  /** Nested 100,000 elements deep. */
  '99607': raw(200, XML, `<Envelope>${'<a>'.repeat(100_000)}`),
  /** An encoding that it is not. */
  '99608': () =>
    new RawAnswer(200, { 'content-type': 'text/xml; charset=utf-16' }, Buffer.from('<Envelope/> ')),
};
