// `npm run images:replay`: carries out the steps of the Dockerfile without Docker, in a clean folder, and runs what comes out.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, parseEnv } from 'node:util';
import { build } from '../../apps/stack/build.mjs';
import { installNode } from './base-image.mjs';
import { copyBuildContext } from './build-context.mjs';
import { StageBuilder, StepError } from './build-stages.mjs';
import { biggestParts, complaintsAbout, sizeOf } from './contents.mjs';
import { readDockerfile } from './dockerfile.mjs';
import { runInside, startInside } from './sandbox.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const APPS = [
  ...[
    'payment-gateway-mock',
    'carrier-mock',
    'order',
    'inventory',
    'payment',
    'shipping',
    'dead-letter-desk',
  ],
];
/** The apps whose images carry IBM's client. */
const MQ_APPS = ['inventory', 'payment', 'dead-letter-desk'];
const MQ_STAGE = 'ibm-mq-client';
/** The README's. */
const ORDER = {
  userId: '11111111-1111-1111-1111-111111111111',
  amount: 500,
  items: { 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa': 2, 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb': 1 },
};
/** Milliseconds in which something must have happened. */
const PATIENCE = 90_000;

const USAGE = `Usage: npm run images:replay -- [options]

Carries out the steps of the Dockerfile in a clean folder, from the files that git knows, with the Node.js of the base image;
lists what each image holds; then starts all of them, each on its read-only files as uid 1000, beside the stand-ins of
npm start, and sends an order through them. Needs Linux and bubblewrap (bwrap).

  --keep             leave the folder with the images where it is
  --port-offset N    as for npm start (default 4000)
  --help             this text
`;

const say = (line) => process.stdout.write(`${line}\n`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`.padStart(9);
const problems = [];

async function until(what, happened) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
    const result = await happened();
    if (result !== undefined) return result;
  }
  throw new Error(`${what}: not within ${PATIENCE / 1_000} s`);
}

/** Builds the stage of IBM's client; false when it cannot be downloaded from here. */
async function ibmClientIsThere(builder) {
  try {
    await builder.build(MQ_STAGE);
    return true;
  } catch (error) {
    const [reason] =
      /Error occurred downloading.*|No redistributable client package.*/.exec(error.output ?? '') ?? [];
    if (!(error instanceof StepError) || reason === undefined) throw error;
    say(`\n  IBM's client library is not to be had here: ${reason}`);
    say(`  ${MQ_APPS.join(', ')} are replayed without it; a real build of these images would fail now.`);
    say('  For their start alone the client library of the stand-in is lent to them.\n');
    return false;
  }
}

async function buildImages(folder) {
  const context = join(folder, 'context');
  copyBuildContext(ROOT, context);
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const node = installNode(/^ARG NODE_IMAGE=(\S+)$/m.exec(text)?.[1] ?? '', folder);
  const stages = readDockerfile(text);
  const copiesClient = ({ rest }) => rest.startsWith(`--from=${MQ_STAGE} `);
  for (const { name, steps } of stages) {
    if (MQ_APPS.includes(name) !== steps.some(copiesClient)) {
      problems.push(
        `${name}: IBM's client belongs into the images of ${MQ_APPS.join(', ')}, and into no other`,
      );
    }
  }
  const options = { stages, context, folder: join(folder, 'stages'), node, say };
  const builder = new StageBuilder({ ...options, arguments: { REVISION: 'replay' } });
  if (!(await ibmClientIsThere(builder))) builder.leavesOut = copiesClient;
  const images = new Map();
  for (const app of APPS) images.set(app, await builder.build(app));
  return { images, node };
}

function listContents(images) {
  for (const [app, { root, labels }] of images) {
    const folder = join(root, 'app');
    say(`\n${labels['org.opencontainers.image.title']} (${labels['org.opencontainers.image.description']})`);
    say(`  ${megabytes(sizeOf(folder))}  /app, on top of the base image`);
    say(`  ${megabytes(sizeOf(join(folder, 'dist')))}  dist`);
    for (const { path, bytes } of biggestParts(root, 6)) say(`  ${megabytes(bytes)}  ${path}`);
    for (const complaint of complaintsAbout(app, root)) problems.push(`${app} ${complaint}`);
  }
  say('');
}

/** The brokers and the database of npm start, without the services. */
async function startStandIns(data, offset) {
  build();
  const without = APPS.flatMap((app) => ['--without', app]);
  const args = ['apps/stack/start.mjs', '--data', data, '--port-offset', offset, ...without];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const ready = until('stand-ins', () => {
    if (child.exitCode !== null) throw new Error(`npm start ended:\n${printed}`);
    return printed.includes('http://') ? true : undefined;
  });
  await ready;
  return async () => {
    child.kill('SIGTERM');
    await exit;
  };
}

function startImage(app, image, node, folder) {
  const given = parseEnv(readFileSync(join(folder, 'data/env', `${app}.env`), 'utf8'));
  const writable = {};
  for (const volume of image.volumes) {
    writable[volume] = join(folder, 'volumes', app);
    mkdirSync(writable[volume], { recursive: true });
  }
  const { LEDGER_FOLDER: _, ...environment } = given;
  const options = {
    root: image.root,
    node,
    cwd: image.workdir,
    environment: { ...image.environment, ...environment },
    uid: Number(image.user),
    readOnly: true,
    writable,
    readable: [join(ROOT, 'deploy/demo'), join(folder, 'data/mq-client')],
  };
  if (options.uid === 0) problems.push(`${app} runs as root`);
  const started = {
    app,
    image,
    options,
    url: `http://127.0.0.1:${given.PORT}`,
    ...startInside(options, image.command),
  };
  void started.exit.then((code) => (started.code = code));
  return started;
}

async function isReady({ app, url, output, code }) {
  if (code !== undefined) throw new Error(`${app} ended with ${code}:\n${output()}`);
  const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
  return answer?.ok === true ? true : undefined;
}

async function sendOrder(url) {
  const answer = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ORDER),
  });
  if (answer.status !== 202 && answer.status !== 201)
    throw new Error(`POST /orders: ${answer.status} ${await answer.text()}`);
  const { orderId } = await answer.json();
  const order = await until('the order is shipped', async () => {
    const seen = await (await fetch(`${url}/orders/${orderId}`)).json();
    return seen.status === 'SHIPPED' || seen.status === 'DELIVERED' ? seen : undefined;
  });
  say(`order ${orderId}: shipped as ${order.trackingNumber}`);
}

async function runImages({ images, node }, folder, offset) {
  const stopStandIns = await startStandIns(join(folder, 'data'), offset);
  const running = [];
  try {
    for (const [app, image] of images) running.push(startImage(app, image, node, folder));
    for (const started of running) {
      await until(`${started.app} is ready`, () => isReady(started));
      const { image, options } = started;
      const { code, output } = await runInside(options, image.healthcheck);
      if (code !== 0) problems.push(`${started.app}: HEALTHCHECK says ${code} ${output}`);
      say(`${started.app}: ready`);
    }
    await sendOrder(running.find(({ app }) => app === 'order').url);
  } finally {
    for (const { app, image, signal, exit } of running.toReversed()) {
      const begun = performance.now();
      await signal(image.stopSignal).catch(() => undefined);
      const code = await exit;
      say(
        `${app}: ${image.stopSignal}, ended with ${code} after ${Math.round(performance.now() - begun)} ms`,
      );
      if (code !== 0) problems.push(`${app} ended with ${code}`);
    }
    await stopStandIns();
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      keep: { type: 'boolean', default: false },
      'port-offset': { type: 'string', default: '4000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'orderbridge-images-'));
  try {
    const built = await buildImages(folder);
    listContents(built.images);
    await runImages(built, folder, values['port-offset']);
  } finally {
    if (values.keep) say(`Everything is in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  for (const problem of problems) say(`✗ ${problem}`);
  say(problems.length === 0 ? `\n${APPS.length} images replayed.` : `\n${problems.length} problems.`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
