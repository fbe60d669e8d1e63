import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@orderbridge/running-stack';
import type { ProcessDefinition } from './process-definition.js';
import { Supervisor } from './supervisor.js';

/** A process that listens on a port. */
const LISTENER = `require('node:net')
  .createServer((socket) => socket.on('error', () => undefined))
  .listen(Number(process.env.PORT), '127.0.0.1')`;

describe('a process that ended', () => {
  let logs: string;
  let port: number;
  let supervisor: Supervisor;
  let said: string[];

  beforeEach(async () => {
    logs = await mkdtemp(join(tmpdir(), 'orderbridge-supervisor-'));
    said = [];
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    server.close();
    await once(server, 'close');
  });

  afterEach(async () => {
    await supervisor.stop();
    await rm(logs, { recursive: true });
  });

  const start = async (steps: Pick<ProcessDefinition, 'prepare' | 'complete' | 'nice'>): Promise<void> => {
    const listener: ProcessDefinition = {
      name: 'listener',
      command: process.execPath,
      args: ['-e', LISTENER],
      environment: { PORT: `${port}` },
      needs: [],
      port,
      stopSignal: 'SIGTERM',
      ipc: false,
      ...steps,
    };
    supervisor = new Supervisor({ processes: [listener], logs, say: (line) => said.push(line) });
    await supervisor.start();
  };

  const processId = async (): Promise<number> => Number(await readFile(join(logs, 'listener.pid'), 'utf8'));

  const kill = async (): Promise<void> => {
    process.kill(await processId(), 'SIGKILL');
  };

  /** Linux: how far the process's session stands back, where the CPU is shared between sessions. */
  const niceOfSession = async (): Promise<string | undefined> => {
    const autogroup = await readFile(`/proc/${await processId()}/autogroup`, 'utf8').catch(() => undefined);
    return autogroup?.trim().split(' ').at(-1);
  };

  const untilSaid = async (line: string): Promise<void> => {
    await until(() => said.includes(line), Boolean);
  };

  /** Fails the second time, as on a disk that is full for a while. */
  const failingOnce = () => {
    let calls = 0;
    return () => (++calls === 2 ? Promise.reject(new Error('no space left')) : Promise.resolve());
  };

  it('is started again', async () => {
    await start({});
    await kill();
    await untilSaid('listener is ready again');
  });

  it('stands back as before', async () => {
    await start({ nice: 3 });
    const hasSessions = (await niceOfSession()) !== undefined;
    const standsBack = async (): Promise<void> => {
      expect(getPriority(await processId())).toBe(3);
      expect(await until(niceOfSession, (nice) => !hasSessions || nice === '3')).toBe(
        hasSessions ? '3' : undefined,
      );
    };
    await standsBack();
    await kill();
    await untilSaid('listener is ready again');
    await standsBack();
  });

  it('is started again although it could not be prepared the first time', async () => {
    await start({ prepare: failingOnce() });
    await kill();
    await untilSaid('listener ended (no space left); starting it again');
    await untilSaid('listener is ready again');
  });

  it('is started again although it could not be completed the first time', async () => {
    await start({ complete: failingOnce() });
    await kill();
    await untilSaid('listener: no space left');
    await untilSaid('listener is ready again');
  });

  it('ends the start with the reason when it cannot be prepared at all', async () => {
    const prepare = () => Promise.reject(new Error('no space left'));
    await expect(start({ prepare })).rejects.toThrow('listener did not start (no space left).');
  });
});
