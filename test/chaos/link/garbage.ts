import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';

const MEBIBYTE = 1024 * 1024;

const html = (title: string): string =>
  `<!doctype html><html><head><title>${title}</title></head><body><center><h1>${title}</h1></center><hr></body></html>`;

const answer = (
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
};

/** What comes from somewhere between a service and its partner, or from a partner that is not itself. */
export const GARBAGE = {
  /** A gateway that has lost its route. */
  'foreign 404': (response) =>
    answer(response, 404, 'application/json', '{"message":"no Route matched with those values"}'),
  'foreign 400': (response) => answer(response, 400, 'text/html', html('400 Bad Request')),
  'foreign 403': (response) => answer(response, 403, 'text/html', html('403 Forbidden')),
  'empty 404': (response) => answer(response, 404, 'text/plain', ''),
  'proxy 502': (response) => answer(response, 502, 'text/html', html('502 Bad Gateway')),
  'busy 429': (response) => answer(response, 429, 'text/plain', 'slow down', { 'retry-after': '1' }),
  /** Somebody's sign-in page. */
  'page 200': (response) => answer(response, 200, 'text/html', html('Please sign in')),
  'empty 200': (response) => answer(response, 200, 'application/json', ''),
  'null 200': (response) => answer(response, 200, 'application/json', 'null'),
  redirect: (response) => answer(response, 302, 'text/html', '', { location: 'http://127.0.0.1:1/' }),
  'nothing that can be unpacked': (response) =>
    answer(response, 200, 'application/json', 'not gzip', { 'content-encoding': 'gzip' }),
  bomb: (response) =>
    answer(response, 200, 'application/json', gzipSync(Buffer.alloc(64 * MEBIBYTE, ' ')), {
      'content-encoding': 'gzip',
    }),
  deep: (response) => answer(response, 200, 'application/json', '['.repeat(MEBIBYTE)),
  'deep XML': (response) => answer(response, 200, 'text/xml', '<a>'.repeat(MEBIBYTE / 4)),
  /** Ends before it has said what it promised. */
  cut: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"id":"', () => response.destroy());
  },
  /** Has no end. */
  endless: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const bytes = Buffer.alloc(MEBIBYTE, ' ');
    let left = ENDLESS;
    const more = (): void => {
      while (!response.destroyed && left-- > 0) if (!response.write(bytes)) return;
      response.end();
    };
    response.on('drain', more);
    more();
  },
} satisfies Readonly<Record<string, (response: ServerResponse) => void>>;
export type Garbage = keyof typeof GARBAGE;

/** Mebibytes after which what has no end ends, so that a service that reads them all is noticed by what becomes of it. */
const ENDLESS = 512;
