// `npm run conformance:mq`: runs the conformance suite for IBM MQ against a queue manager, or the stand-in.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAM = join(ROOT, 'libs/embedded-mq/test-support/ibmmq-program.mjs');
const PASSWORD = 'CONFORMANCE_MQ_PASSWORD';
/** How the titles begin of what the stand-in is known not to have; see BEYOND in under-test.ts. */
const BEYOND = 'beyond the stand-in';

const USAGE = `Usage: npm run conformance:mq -- [options]

Checks what a queue manager does against what IBM's documentation says, through the npm package ibmmq.
Without --address it checks the stand-in (libs/embedded-mq), which it starts itself.

  --address HOST(PORT)   the listener of a queue manager
  --queue-manager NAME   its name (default QM1)
  --channel NAME         a server connection channel (default CONF.SVRCONN)
  --user NAME            who to connect as; the password comes from the environment variable ${PASSWORD}
  --library-path DIR     the folder with IBM's client library, when ibmmq does not find it by itself
  --help                 this text

A real queue manager needs the objects of test/conformance/ibm-mq/conformance.mqsc, which an administrator defines with
    runmqsc QM1 < test/conformance/ibm-mq/conformance.mqsc
The file says in its comments which authority the user needs. The messages on these queues (CONF.*) are thrown away.

The client library is IBM's: the stand-in's speaks to the stand-in only. ibmmq looks for libmqm_r in its own folder, where
its postinstall script puts IBM's redistributable client,
    cd node_modules/ibmmq && env -u npm_config_mqijs_noredist node postinstall.mjs
then in the usual places (LD_LIBRARY_PATH, /opt/mqm/lib64); --library-path goes before all of them.

Exits with 1 when a behaviour is missing that the suite asks for.
`;

const print = (line) => process.stdout.write(`${line}\n`);

function fail(message) {
  process.stderr.write(`conformance:mq: ${message}\n`);
  process.exit(1);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        address: { type: 'string' },
        'queue-manager': { type: 'string', default: 'QM1' },
        channel: { type: 'string', default: 'CONF.SVRCONN' },
        user: { type: 'string' },
        'library-path': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return fail(`${error.message}; see --help`);
  }
}

/** What the suite reads in under-test.ts. Variables that are set already do not count. */
function environment(options) {
  const { [PASSWORD]: password, ...inherited } = process.env;
  for (const name of Object.keys(inherited)) if (name.startsWith('CONFORMANCE_MQ_')) delete inherited[name];
  if (options.address === undefined) return inherited;
  const given = {
    CONFORMANCE_MQ_ADDRESS: options.address,
    CONFORMANCE_MQ_QUEUE_MANAGER: options['queue-manager'],
    CONFORMANCE_MQ_CHANNEL: options.channel,
    CONFORMANCE_MQ_USER: options.user,
    CONFORMANCE_MQ_LIBRARY_PATH: options['library-path'],
    [PASSWORD]: options.user === undefined ? undefined : password,
  };
  return {
    ...inherited,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/** Connects once and opens a queue of the suite, so that what is missing is said once and in plain words. */
async function tryOut(options) {
  const library = options['library-path'];
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  const chosen = library === undefined ? {} : { [variable]: library, MQIJS_PREFER_INSTALLED_LIBRARY: '1' };
  const program = fork(PROGRAM, { env: { ...process.env, ...chosen, MQIJS_NOOTEL: '1' }, stdio: 'pipe' });
  let printed = '';
  program.stderr.on('data', (chunk) => (printed += chunk));
  const gone = once(program, 'exit').then(() => ({ gone: true }));
  const answer = async () =>
    await Promise.race([once(program, 'message').then(([message]) => message), gone]);
  const call = (name, args) => {
    program.send({ id: 1, name, args });
    return answer();
  };
  if ((await answer()).gone) {
    fail(`ibmmq could not be loaded. Is IBM's client library installed? See --help.\n${printed.trim()}`);
  }
  const connected = await call('connect', {
    queueManager: options['queue-manager'],
    address: options.address,
    channel: options.channel,
    ...(options.user === undefined ? {} : { user: options.user, password: process.env[PASSWORD] ?? '' }),
  });
  if (connected.gone || connected.error) {
    fail(`cannot connect: ${connected.error?.message ?? printed.trim()}`);
  }
  const opened = await call('open', {
    name: 'CONF.QUEUE',
    options: ['INPUT_SHARED', 'OUTPUT', 'INQUIRE', 'SET'],
  });
  if (opened.gone || opened.error) {
    fail(
      `cannot open CONF.QUEUE: ${opened.error?.message ?? printed.trim()}\n` +
        'The objects of test/conformance/ibm-mq/conformance.mqsc must be defined, and the user allowed to use them.',
    );
  }
  program.disconnect();
  await gone;
}

/** @returns jest's report */
async function runSuite(env) {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-mq-'));
  const report = join(folder, 'report.json');
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      jest,
      ...['--selectProjects', 'conformance', '--testPathPatterns', 'test/conformance/ibm-mq/'],
      ...['--runInBand', '--silent', '--json', '--outputFile', report],
    ],
    { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let printed = '';
  child.stderr.on('data', (chunk) => (printed += chunk));
  await once(child, 'exit');
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return fail(`the suite did not run:\n${printed}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const indented = (text) => text.replaceAll(/^/gm, '      ');

/** Prints every behaviour with its result. @returns how many there are of each result */
function describe(report, againstStandIn) {
  const counts = { holds: 0, fails: 0, beyond: 0 };
  const files = report.testResults.toSorted((a, b) => a.name.localeCompare(b.name));
  for (const { name, assertionResults, message } of files) {
    print(`\n${name.replace(/^.*\/(.*)\.conformance-spec\.ts$/, '$1')}`);
    if (assertionResults.length === 0) {
      counts.fails++;
      print(`  ✗ did not run\n${indented(message)}`);
    }
    for (const { ancestorTitles, title, status, failureMessages } of assertionResults) {
      const line = [...ancestorTitles, title].join(': ');
      const isBeyond = againstStandIn && line.startsWith(BEYOND);
      if (status === 'passed' && isBeyond) {
        counts.beyond++;
        print(`  ✗ ${line} (known: the stand-in does not)`);
      } else if (status === 'passed') {
        counts.holds++;
        print(`  ✓ ${line}`);
      } else {
        counts.fails++;
        print(`  ✗ ${line}\n${indented(failureMessages.join('\n'))}`);
      }
    }
  }
  return counts;
}

async function main() {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const againstStandIn = options.address === undefined;
  if (againstStandIn) {
    print('Testing the stand-in of libs/embedded-mq, not IBM MQ. See --help for a real queue manager.');
  } else {
    const { address, channel, user } = options;
    const who = user === undefined ? 'without a user' : `as ${user}`;
    print(`Testing queue manager ${options['queue-manager']} at ${address}, channel ${channel}, ${who}.`);
    await tryOut(options);
  }
  const { holds, fails, beyond } = describe(await runSuite(environment(options)), againstStandIn);
  const known = againstStandIn ? `, ${beyond} are known to be missing from the stand-in` : '';
  print(`\n${holds} behaviours hold, ${fails} fail${known}.`);
  process.exitCode = fails === 0 && holds > 0 ? 0 : 1;
}

await main();
