import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PinoLogger } from './pino-logger.js';

/** Takes no byte: "no space left on device". */
const FULL = '/dev/full';

describe('the log', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orderbridge-log-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('has a JSON line per message', () => {
    const path = join(folder, 'log');
    const file = openSync(path, 'a');
    new PinoLogger('order', 'info', file).warn({ message: 'No stock', product: 7 }, 'Placing');
    closeSync(file);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      level: 'warn',
      name: 'order',
      context: 'Placing',
      msg: 'No stock',
      product: 7,
    });
  });

  (existsSync(FULL) ? describe : describe.skip)('on a full disk', () => {
    it('does not disturb who logs, however much', () => {
      const file = openSync(FULL, 'a');
      const logger = new PinoLogger('order', 'info', file);
      expect(() => {
        for (let line = 0; line < 2_000; line++) logger.error('x'.repeat(1_000), 'Placing');
      }).not.toThrow();
      closeSync(file);
    });
  });
});
