import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Of this machine, what an image has from its base: programs, libraries, names and certificates. */
const BASE = [
  '/usr',
  '/etc/ssl',
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/passwd',
  '/etc/group',
  '/etc/nsswitch.conf',
];
/** How this machine reaches its package registries. */
const NETWORK = /^(https?_proxy|no_proxy|npm_config_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR)$/i;

const LINKS = { bin: 'usr/bin', lib: 'usr/lib', lib64: 'usr/lib64' };

/**
 * Starts a program that sees a stage's folder as its root, a Node.js of its own, and of this machine nothing but BASE. It is
 * process 1 there, as in a container.
 *
 * @param {{ root: string, node: string, cwd: string, environment: Record<string, string>, uid?: number,
 *   readOnly?: boolean, writable?: Record<string, string>, readable?: string[] }} options `writable`: folders of this
 *   machine by where they are inside; `readable`: folders that are at the same place inside
 * @returns {{ output: () => string, exit: Promise<number>, signal: (name: string) => Promise<void> }}
 */
export function startInside(options, command) {
  const { root, node, cwd, environment, uid = 0, readOnly = false, writable = {}, readable = [] } = options;
  prepareRoot(root);
  const mounts = ['--ro-bind', node, '/opt/node', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  for (const path of [...BASE, ...readable]) if (existsSync(path)) mounts.push('--ro-bind', path, path);
  for (const [inside, folder] of Object.entries(writable)) mounts.push('--bind', folder, inside);
  const given = Object.fromEntries(Object.entries(process.env).filter(([name]) => NETWORK.test(name)));
  const variables = { ...given, PATH: '/opt/node/bin:/usr/bin:/bin', HOME: '/tmp', ...environment };
  const args = [
    ...['--bind', root, '/', ...mounts, '--chdir', cwd],
    ...(readOnly ? ['--remount-ro', '/'] : []),
    ...[
      '--unshare-user',
      '--uid',
      `${uid}`,
      '--gid',
      `${uid}`,
      '--unshare-ipc',
      '--unshare-pid',
      '--as-pid-1',
    ],
    ...['--die-with-parent', '--info-fd', '3', '--clearenv'],
    ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
  const child = spawn('bwrap', [...args, '--', ...command], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const exit = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  // bubblewrap says which process the command is; a signal to bubblewrap itself would not reach it.
  const pid = text(child.stdio[3]).then((info) => JSON.parse(info)['child-pid']);
  pid.catch(() => undefined);
  return {
    output: () => output,
    exit,
    signal: async (name) => {
      process.kill(await pid, name);
    },
  };
}

/** Runs a program to its end. @returns its exit code and all that it printed */
export async function runInside(options, command) {
  const { exit, output } = startInside(options, command);
  const code = await exit;
  return { code, output: output() };
}

/** What must be there to mount on, also where the root is read-only. */
function prepareRoot(root) {
  for (const folder of ['usr', 'etc', 'proc', 'dev', 'tmp', 'opt/node']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const [link, target] of Object.entries(LINKS)) {
    if (!lstatSync(join(root, link), { throwIfNoEntry: false })) symlinkSync(target, join(root, link));
  }
}
