import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES, helm, render, run, tools } from './chart.js';

const CUSTOM = ['ScaledObject', 'ServiceMonitor', 'PrometheusRule', 'ExternalSecret'];

/** `manifests` are files or folders, or `-` for the input. */
const kubeconform = (version: string, manifests: string, input?: string) =>
  run(
    tools.kubeconform,
    [
      ...['-strict', '-summary', '-output', 'json', '-skip', CUSTOM.join(',')],
      ...[
        '-schema-location',
        join(tools.schemas, version, '{{.ResourceKind}}{{.KindSuffix}}.json'),
        manifests,
      ],
    ],
    input,
  );

const customResources = (resources: readonly object[]) =>
  run(
    process.execPath,
    ['test/helm/validate-custom-resources.mjs', tools.customResources],
    JSON.stringify(resources),
  );

describe.each(Object.entries(CASES))('%s', (_, values) => {
  test('passes helm lint', () => {
    expect(helm('lint', values)).toMatchObject({ status: 0 });
  });

  test('has valid custom resources', () => {
    const resources = render(values).filter(({ kind }) => CUSTOM.includes(kind));
    expect(customResources(resources)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

describe('everything that is rendered', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'helm-'));
    for (const [name, values] of Object.entries(CASES))
      await writeFile(join(folder, `${name.replaceAll(/\W+/g, '-')}.yaml`), helm('template', values).stdout);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(tools.kubernetesVersions)('is valid for Kubernetes %s', (version) => {
    const { resources, summary } = JSON.parse(kubeconform(version, folder).stdout) as {
      resources: object[];
      summary: { valid: number };
    };
    expect(resources).toEqual([]);
    expect(summary.valid).toBeGreaterThan(20 * Object.keys(CASES).length);
  });
});

describe('what must not pass', () => {
  const [[, dev] = ['', []]] = Object.entries(CASES);

  test('the schemas of Kubernetes know what they forbid', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: { replica: 1 },
    };
    const { status, stdout } = kubeconform('1.30.0', '-', JSON.stringify(deployment));
    expect(status).toBe(1);
    expect(stdout).toContain("additional properties 'replica' not allowed");
  });

  test('the definitions of custom resources know what they forbid', () => {
    const spec = { scaleTargetRef: { name: 'a' }, minReplicaCount: 'two', triggers: [] };
    const object = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'a' }, spec };
    expect(customResources([object]).stdout).toContain('minReplicaCount must be integer');
  });

  test.each([
    [['services.order.prot=8081'], 'services.order'],
    [['services.order.env.GATEWAY_PASSWORD="secret"'], 'GATEWAY_PASSWORD'],
    [['kafka.brokers=["kafka"]'], 'kafka.brokers'],
    [['kafka.sasl.mechanism="gssapi"'], 'kafka.sasl.mechanism'],
    [['tracing.otlpEndpoint="collector:4318"'], 'tracing.otlpEndpoint'],
    [['services.order.resources={"requests":{"cpu":"1","memory":"1Gi"}}'], 'services.order.resources'],
  ])('values like %s are refused by the schema', (set, place) => {
    const { status, stderr } = helm('template', dev, set);
    expect(status).not.toBe(0);
    expect(stderr.replaceAll('/', '.')).toContain(place);
  });

  test.each([
    [['kafka.brokers=[]'], 'kafka.brokers: which brokers?'],
    [['ibmMq.addresses=[]'], 'ibmMq.addresses: where is the queue manager?'],
    [['kafka.sasl.mechanism="plain"'], 'kafka.sasl.secret: where is the password?'],
    [['ingress.enabled=true'], 'ingress.host: under which name?'],
    [
      ['externalSecrets={"enabled":true,"secrets":{"a":{"data":{}}}}'],
      'externalSecrets.store.name: which store?',
    ],
  ])('without %s it says what is missing', (set, message) => {
    const { status, stderr } = helm('template', dev, set);
    expect(status).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
