import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { loadConfig, serviceEnvironment, type Environment } from '@orderbridge/service';
import { parse } from 'yaml';
import { SERVICES } from '../documentation/services.js';
import { CASES, CHART, render, type Resource } from './chart.js';
import { ofKind, valueOf, workloads, type Variable } from './workload.js';

/** Read by Node.js and by IBM's client; see docs/configuration.md. */
const NOT_OURS = ['NODE_OPTIONS', 'MQ_OVERRIDE_DATA_PATH'];

const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://user:password@postgres:5432/database',
};

/** What a process is given, with something likely in the place of secrets. */
const variables = (env: readonly Variable[]) =>
  Object.fromEntries(env.map(({ name, value }) => [name, value ?? SECRETS[name] ?? 'secret']));

const environmentOf = (service: string): Environment => ({ ...serviceEnvironment, ...SERVICES[service] });

describe.each(Object.entries(CASES))('%s', (name, values) => {
  const resources = render(values);
  const all = workloads(resources);

  test('has every service that exists', () => {
    const expected = Object.keys(SERVICES).filter(
      (service) => !service.endsWith('-mock') || !name.includes('production'),
    );
    expect(all.map(({ service }) => service).toSorted()).toEqual(expected.toSorted());
  });

  test('has no secret in clear', () => {
    expect(ofKind(resources, 'Secret')).toEqual([]);
    for (const { container } of all)
      for (const { name: variable, value } of container.env)
        if (value !== undefined) {
          expect(variable).not.toMatch(/PASSWORD|DATABASE_URL|SECRET/);
          expect(value).not.toMatch(/:\/\/[^/]*@/);
        }
  });

  test('makes no secret that nobody reads', () => {
    const read = all.flatMap(({ container, pod }) => [
      ...container.env.map(({ valueFrom }) => valueFrom?.secretKeyRef.name),
      ...pod.volumes.map(({ secret }) => secret?.secretName),
    ]);
    for (const { metadata } of ofKind(resources, 'ExternalSecret')) expect(read).toContain(metadata.name);
  });

  describe.each(all)('$service', ({ service, deployment, pod, container }) => {
    test('has the rights of nobody', () => {
      expect(pod).toMatchObject({ automountServiceAccountToken: false });
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    });

    test('has bounds for CPU and memory, with room for its heap', () => {
      const { requests, limits } = container.resources;
      for (const amounts of [requests, limits])
        expect(Object.keys(amounts).toSorted()).toEqual(['cpu', 'memory']);
      const heap = /max-old-space-size=(\d+)/.exec(valueOf(container, 'NODE_OPTIONS') ?? '')?.[1];
      expect(Number(/^(\d+)Mi$/.exec(limits['memory'] ?? '')?.[1])).toBeGreaterThan(1.3 * Number(heap));
    });

    test('is asked whether it has started, is ready and lives', () => {
      expect(container.startupProbe.httpGet.path).toBe('/health/ready');
      expect(container.readinessProbe.httpGet.path).toMatch(/^\/health\/(ready|live)$/);
      expect(container.livenessProbe.httpGet.path).toBe('/health/live');
      const { periodSeconds, failureThreshold } = container.startupProbe;
      expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(1_800);
    });

    test('gets the time it needs to stop', () => {
      const finish = Number(valueOf(container, 'SHUTDOWN_TIMEOUT_MS')) / 1_000;
      const { seconds } = container.lifecycle.preStop.sleep;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds + finish);
    });

    test('gets variables that docs/configuration.md knows, each once, and starts with them', () => {
      const names = container.env.map((variable) => variable.name);
      expect(new Set(names).size).toBe(names.length);
      const known = [...Object.keys(environmentOf(service)), ...NOT_OURS];
      expect(known).toEqual(expect.arrayContaining(names));
      expect(() => loadConfig(environmentOf(service), variables(container.env))).not.toThrow();
    });

    test('finds every file that it is told of', () => {
      for (const { name: variable, value } of container.env) {
        if (!value?.startsWith('/') || variable === 'MQ_OVERRIDE_DATA_PATH') continue;
        const mount = container.volumeMounts.find(({ mountPath }) =>
          [value, dirname(value)].includes(mountPath),
        );
        const volume = pod.volumes.find((candidate) => candidate.name === mount?.name);
        expect({ variable, volume }).toEqual({ variable, volume: expect.anything() });
        const items = volume?.secret?.items;
        if (items) expect(items.map(({ path }) => path)).toContain(basename(value));
      }
    });

    test('writes only into volumes', () => {
      const writable = container.volumeMounts.filter((mount) => !('readOnly' in mount));
      const sources = writable.map((mount) => pod.volumes.find((volume) => volume.name === mount.name));
      for (const source of sources)
        expect(source?.emptyDir?.sizeLimit ?? source?.persistentVolumeClaim?.claimName).toBeDefined();
      expect(writable.map(({ mountPath }) => mountPath)).toContain('/tmp');
    });

    test('is alone in each of what selects pods', () => {
      const { labels } = deployment.spec.template.metadata;
      for (const [kind, selector] of [
        ['Service', (found: Selecting) => found.spec.selector],
        ['PodDisruptionBudget', (found: Selecting) => found.spec.selector?.['matchLabels']],
        ['NetworkPolicy', (found: Selecting) => found.spec.podSelector?.matchLabels],
      ] as const) {
        const matching = ofKind<Selecting>(resources, kind).filter((found) =>
          Object.entries(selector(found) ?? { none: '' }).every(([key, value]) => labels[key] === value),
        );
        expect(matching.map(({ metadata }) => metadata.name)).toEqual([deployment.metadata.name]);
      }
    });

    test('may reach the brokers, the database and the collector that it is told of', () => {
      const policy = ofKind<Selecting>(resources, 'NetworkPolicy').find(
        ({ metadata }) => metadata.name === deployment.metadata.name,
      );
      const open = policy?.spec.egress?.flatMap(({ ports }) => ports.map(({ port }) => port)) ?? [];
      const addresses = ['KAFKA_BROKERS', 'IBM_MQ_CONNECTION_NAME'].flatMap(
        (variable) => valueOf(container, variable)?.split(',') ?? [],
      );
      const needed = addresses.map((address) => Number(address.split(':')[1]));
      if (container.env.some((variable) => variable.name === 'DATABASE_URL')) needed.push(5432);
      const collector = valueOf(container, 'OTEL_EXPORTER_OTLP_ENDPOINT');
      if (collector !== undefined) needed.push(Number(new URL(collector).port));
      expect(open).toEqual(expect.arrayContaining(needed));
    });

    test('has as many replicas as something decides, and no more than there are partitions', () => {
      const { replicas } = deployment.spec;
      const scalers = [
        ...ofKind<Scaler>(resources, 'HorizontalPodAutoscaler'),
        ...ofKind<Scaler>(resources, 'ScaledObject'),
      ].filter(({ spec }) => spec.scaleTargetRef.name === deployment.metadata.name);
      expect(scalers).toHaveLength(replicas === undefined ? 1 : 0);
      const most = replicas ?? scalers[0]?.spec.maxReplicas ?? scalers[0]?.spec.maxReplicaCount;
      expect(most).toBeLessThanOrEqual(Number(valueOf(container, 'KAFKA_PARTITIONS') ?? 1));
    });
  });
});

interface Selecting extends Resource {
  readonly spec: {
    readonly selector?: Readonly<Record<string, never>>;
    readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly egress?: readonly { readonly ports: readonly { readonly port: number | string }[] }[];
  };
}

interface Scaler extends Resource {
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly maxReplicas?: number;
    readonly maxReplicaCount?: number;
    readonly triggers?: readonly { readonly metadata: { readonly query?: string } }[];
  };
}

test('every service sends its traces where the values say, and none without', () => {
  const dev = `${CHART}/values-dev.yaml`;
  const tracing = 'tracing={"otlpEndpoint":"http://collector:4318","ratio":0.25}';
  const told = (set: string[]) =>
    workloads(render([dev], set)).map(({ container }) =>
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_SAMPLER', 'OTEL_TRACES_SAMPLER_ARG'].map((variable) =>
        valueOf(container, variable),
      ),
    );
  expect(told([tracing])).toEqual(
    Object.keys(SERVICES).map(() => ['http://collector:4318', 'parentbased_traceidratio', '0.25']),
  );
  expect(told([])).toEqual(Object.keys(SERVICES).map(() => [undefined, undefined, undefined]));
});

describe('production', () => {
  const resources = render([`${CHART}/values-production.yaml`]);

  test('has the alarms of deploy/prometheus, unchanged', () => {
    const [rule] = ofKind<Resource & { spec: unknown }>(resources, 'PrometheusRule');
    expect(rule?.spec).toEqual(parse(readFileSync('deploy/prometheus/alerts.yml', 'utf8')));
  });

  test('scales by what the services measure', () => {
    const queries = ofKind<Scaler>(resources, 'ScaledObject')
      .flatMap(({ spec }) => spec.triggers ?? [])
      .flatMap(({ metadata }) => metadata.query ?? []);
    expect(queries.length).toBeGreaterThanOrEqual(4);
    const sources = [
      'libs/kafka/src/consumer-lag.ts',
      'libs/messaging-ibm-mq/src/ibm-mq-metrics.ts',
      'libs/work-items/src/work-item-metrics.ts',
    ].map((file) => readFileSync(file, 'utf8'));
    for (const query of queries) {
      const metric = /(\w+)\{namespace="orders"/.exec(query)?.[1] ?? query;
      expect(sources.some((source) => source.includes(`${metric}:`))).toBe(true);
    }
  });

  test('keeps taking orders while a broker is away', () => {
    const order = workloads(resources).find(({ service }) => service === 'order');
    expect(order?.container.readinessProbe.httpGet.path).toBe('/health/live');
  });
});
