// Holds the Kafka stand-in and Apache Kafka, or any broker with an address, against one suite of tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from '../../../apps/stack/build.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const help = `Usage: npm run conformance:kafka -- [options] [FILTER...]

Runs the conformance suite against the stand-in (libs/embedded-kafka) and against Apache Kafka, which is
fetched with Maven and started for it. Fails when either fails.

  --address HOST:PORT   run it against the broker at this address only
  --outputFile FILE     write the sum of jest's counts as JSON, with jest's reports of each broker in it
  --json                accepted, as jest has it; the tests are printed all the same
  --help                print this

FILTER picks test files by a part of their path. Needs the commands java, mvn and kcat
(Debian: default-jre-headless, maven, kcat); with --address kcat only.`;

const kcat = { program: 'kcat', versionOption: '-V', debianPackage: 'kcat' };
const nothingDone = { numTotalTests: 0, numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1 };
const counted = ['numTotalTests', 'numPassedTests', 'numFailedTests', 'numFailedTestSuites'];

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        address: { type: 'string' },
        outputFile: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return fail(`${error.message}\nTry --help.`);
  }
}

const { values: options, positionals: filters } = parse();
if (options.help) {
  process.stdout.write(`${help}\n`);
  process.exit(0);
}
if (options.address !== undefined && !/^.+:\d+$/.test(options.address)) {
  fail(`--address ${options.address}: it has the form HOST:PORT.`);
}

build();
const { kafkaPrograms, requirePrograms, startApacheKafka } = await import(
  new URL('../../../dist/libs/apache-kafka/src/index.js', import.meta.url)
);
try {
  requirePrograms(options.address === undefined ? [...kafkaPrograms, kcat] : [kcat]);
} catch (error) {
  fail(error.message);
}

const results = mkdtempSync(join(tmpdir(), 'conformance-kafka-'));
process.once('exit', () => rmSync(results, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** Runs the suite against the broker at an address, or against the stand-in that it starts itself. */
async function run(name, address) {
  process.stdout.write(`\n== Conformance of ${name}${address ? ` at ${address}` : ''}\n`);
  const report = join(results, 'report.json');
  rmSync(report, { force: true });
  const environment = { ...process.env, CONFORMANCE_KCAT: '1' };
  delete environment.CONFORMANCE_KAFKA;
  if (address) environment.CONFORMANCE_KAFKA = address;
  const jest = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules/jest/bin/jest.js'),
      '--selectProjects=conformance',
      '--verbose',
      '--json',
      `--outputFile=${report}`,
      '--testTimeout=60000',
      '--testPathPatterns',
      ...(filters.length > 0 ? filters : ['test/conformance/kafka/']),
    ],
    { cwd: root, env: environment, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [status] = await once(jest, 'exit');
  const outcome = readReport(report);
  const lacking = lackedIn(outcome);
  outcome.numPassedTests -= lacking.length;
  const ended = status !== 0 && outcome.numFailedTests + outcome.numFailedTestSuites === 0;
  return { name, lacking, ...outcome, ...(ended ? { numFailedTestSuites: 1 } : {}) };
}

/** What the stand-in is known not to do. jest has such a test passed when it fails; here it is neither. */
function lackedIn({ testResults = [] }) {
  const titles = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'passed').map(({ title }) => title),
  );
  const mark = 'the stand-in lacks: ';
  return titles.filter((title) => title.startsWith(mark)).map((title) => title.slice(mark.length));
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { ...nothingDone };
  }
}

async function runAgainstApacheKafka() {
  let kafka;
  try {
    kafka = await startApacheKafka({ settings: { 'group.min.session.timeout.ms': '500' } });
  } catch (error) {
    process.stderr.write(`\nApache Kafka does not start: ${error.message}\n`);
    return { name: 'Apache Kafka', lacking: [], ...nothingDone };
  }
  try {
    return await run(`Apache Kafka ${kafka.version}`, kafka.address);
  } finally {
    await kafka.stop();
  }
}

const outcomes =
  options.address === undefined
    ? [await run('the stand-in, embedded-kafka', undefined), await runAgainstApacheKafka()]
    : [await run('the broker', options.address)];

process.stdout.write('\n');
for (const { name, lacking, numPassedTests, numFailedTests, numFailedTestSuites } of outcomes) {
  const suites = numFailedTestSuites > 0 ? `, in ${numFailedTestSuites} files` : '';
  process.stdout.write(
    `Conformance of ${name}: ${numPassedTests} passed, ${numFailedTests} failed${suites}\n`,
  );
  for (const behaviour of lacking) process.stdout.write(`  ✕ known to be lacking: ${behaviour}\n`);
}
const sums = Object.fromEntries(
  counted.map((count) => [count, outcomes.reduce((sum, outcome) => sum + outcome[count], 0)]),
);
if (options.outputFile !== undefined) {
  writeFileSync(options.outputFile, JSON.stringify({ ...sums, brokers: outcomes }));
}
const isGreen = outcomes.every(
  ({ numFailedTests, numFailedTestSuites, numTotalTests }) =>
    numFailedTests + numFailedTestSuites === 0 && numTotalTests > 0,
);
process.exitCode = isGreen ? 0 : 1;
