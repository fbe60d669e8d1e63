import { IbmMqClient, IbmMqServer } from '../../src/index.js';
import { serve } from './channel.js';

/** Uses the library where IBM's cannot be loaded. */
const connection = { addresses: '127.0.0.1(1)' };

serve({
  loaded: sharedObjects,
  send: () => new IbmMqClient({ connection }).sendBatch([{ queue: 'Q', body: 'x' }]),
  listen: () =>
    new Promise<void>((resolve, reject) => {
      new IbmMqServer({ connection }).listen((error) => (error ? reject(error) : resolve()));
    }),
});

/** The shared objects of ibmmq and IBM that the process has loaded. */
function sharedObjects(): string[] {
  const { sharedObjects: all } = process.report.getReport() as unknown as { sharedObjects: string[] };
  return all.filter((path) => /ibmmq|mqm/.test(path));
}
