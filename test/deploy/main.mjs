// `npm run check:deploy`: holds the deployment files against the programs that will read them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from '../../apps/stack/build.mjs';
import { installTools } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
let failed = 0;

/** @param {() => string[] | Promise<string[]>} findComplaints */
async function step(name, findComplaints) {
  const complaints = await findComplaints();
  if (complaints.length > 0) failed++;
  process.stdout.write(`${complaints.length === 0 ? '✓' : '✗'} ${name}\n`);
  for (const complaint of complaints) process.stdout.write(`    ${complaint.replaceAll('\n', '\n    ')}\n`);
}

/** What a program says when it is not content. */
function complaintsOf(program, args, environment = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (error) return [`${program} cannot be run: ${error.message}`];
  return status === 0 ? [] : [`${stdout}${stderr}`.trim()];
}

/** docker-compose.yml as Docker Compose understands it, with nothing set but the licence. */
function readCompose({ compose }) {
  const { status, stdout, stderr } = spawnSync(
    compose,
    ['--env-file', '/dev/null', '--profile', '*', 'config', '--format', 'json'],
    { cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH, IBM_MQ_LICENSE: 'accept' } },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Each service is given what its configuration takes, no variable beside, and all that is required. */
async function wrongVariables(services) {
  build();
  const { loadConfig, serviceEnvironment } = await import('../../dist/libs/service/src/index.js');
  const complaints = [];
  for (const [name, file, exported] of [
    ['order', 'order-environment', 'orderEnvironment'],
    ['inventory', 'inventory-environment', 'inventoryEnvironment'],
    ['payment', 'payment-environment', 'paymentEnvironment'],
    ['shipping', 'shipping-environment', 'shippingEnvironment'],
    ['dead-letter-desk', 'desk-environment', 'deskEnvironment'],
    ['carrier-mock', 'carrier-environment', 'carrierEnvironment'],
    ['payment-gateway-mock', 'gateway-environment', 'gatewayEnvironment'],
  ]) {
    const own = (await import(`../../dist/apps/${name}/src/${file}.js`))[exported];
    const shape = { ...serviceEnvironment, ...own };
    const { environment } = services[name];
    const unknown = Object.keys(environment).filter((variable) => !(variable in shape));
    complaints.push(...unknown.map((variable) => `${name}: ${variable} means nothing to it`));
    try {
      // What the image itself sets.
      loadConfig(shape, { PORT: '8080', LEDGER_FOLDER: '/ledger', ...environment });
    } catch (error) {
      complaints.push(`${name}: ${error.message}`);
    }
  }
  return complaints;
}

/** Each variable of docker-compose.yml is in .env.example, and the other way around. */
function undocumentedVariables() {
  const compose = readFileSync(`${root}/docker-compose.yml`, 'utf8');
  const example = readFileSync(`${root}/.env.example`, 'utf8');
  const used = new Set([...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
  const documented = new Set([...example.matchAll(/^#?(\w+)=/gm)].map(([, name]) => name));
  // Read by Docker Compose itself.
  used.add('COMPOSE_PROFILES');
  return [
    ...[...used].filter((name) => !documented.has(name)).map((name) => `${name} is not in .env.example`),
    ...[...documented].filter((name) => !used.has(name)).map((name) => `${name} is used nowhere`),
  ];
}

/** What every service of ours is confined by, and that its image can be built. */
function unconfined(services) {
  const dockerfile = readFileSync(`${root}/Dockerfile`, 'utf8');
  const hasTarget = (name) => new RegExp(`^FROM \\S+ AS ${name}$`, 'm').test(dockerfile);
  return Object.entries(services)
    .filter(([, service]) => service.build !== undefined)
    .flatMap(([name, service]) => [
      ...(service.read_only ? [] : [`${name}: its root file system can be written to`]),
      ...(service.cap_drop?.includes('ALL') ? [] : [`${name}: keeps capabilities`]),
      ...(service.security_opt?.includes('no-new-privileges:true') ? [] : [`${name}: may gain privileges`]),
      ...(service.mem_limit ? [] : [`${name}: has no limit of memory`]),
      ...(hasTarget(service.build.target)
        ? []
        : [`${name}: the Dockerfile has no target ${service.build.target}`]),
    ]);
}

function publishedToAll(services) {
  return Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports
      .filter(({ host_ip: address }) => address !== '127.0.0.1')
      .map(({ published }) => `${name}: port ${published} is open to the network`),
  );
}

/** What the pipelines call is there. */
function missingScripts() {
  const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  return ['.github/workflows/ci.yml', 'Jenkinsfile'].flatMap((file) =>
    [...readFileSync(`${root}/${file}`, 'utf8').matchAll(/npm (?:run )?((?!ci\b|run\b)[\w:-]+)/g)]
      .map(([, script]) => script)
      .filter((script) => !(script in scripts))
      .map((script) => `${file}: there is no npm script ${script}`),
  );
}

const tools = installTools();
const { services } = readCompose(tools);
await step('Dockerfile: hadolint', () => complaintsOf(tools.hadolint, ['Dockerfile']));
await step('docker-compose.yml: docker compose config', () =>
  complaintsOf(tools.compose, ['--profile', '*', 'config', '--quiet'], { IBM_MQ_LICENSE: 'accept' }),
);
await step('docker-compose.yml: every variable is one that its service knows', () =>
  wrongVariables(services),
);
await step('docker-compose.yml: .env.example has its variables', undocumentedVariables);
await step('docker-compose.yml: services are confined', () => unconfined(services));
await step('docker-compose.yml: nothing is open to the network', () => publishedToAll(services));
await step('.github/workflows: actionlint', () => complaintsOf(tools.actionlint, []));
await step('Jenkinsfile: Groovy (there is no parser of declarative pipelines outside Jenkins)', () =>
  complaintsOf(tools.groovyLint, ['--noserver', '--failon', 'error', '--loglevel', 'error', 'Jenkinsfile']),
);
await step('pipelines: every npm script is there', missingScripts);
for (const file of ['prometheus.yml', 'compose.yml']) {
  await step(`deploy/prometheus/${file}: promtool`, () =>
    complaintsOf('promtool', ['check', 'config', `deploy/prometheus/${file}`]),
  );
}
process.exitCode = failed === 0 ? 0 : 1;
