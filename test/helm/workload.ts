import type { Resource } from './chart.js';

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

type Amounts = Readonly<Record<string, string>>;

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly requests: Amounts; readonly limits: Amounts };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Volume {
  readonly name: string;
  readonly secret?: {
    readonly secretName: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
  readonly configMap?: { readonly name: string };
  readonly emptyDir?: { readonly sizeLimit: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface Pod {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes: readonly Volume[];
}

export interface Deployment extends Resource {
  readonly spec: {
    readonly replicas?: number;
    readonly strategy: { readonly type: string };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: Pod;
    };
  };
}

/** A service as it is deployed: its name as in docs/configuration.md, and what one looks at most. */
export interface Workload {
  readonly service: string;
  readonly deployment: Deployment;
  readonly pod: Pod;
  readonly container: Container;
}

export function workloads(resources: readonly Resource[]): Workload[] {
  return ofKind<Deployment>(resources, 'Deployment').map((deployment) => {
    const pod = deployment.spec.template.spec;
    return { service: pod.containers[0].name, deployment, pod, container: pod.containers[0] };
  });
}

export const ofKind = <Kind extends Resource>(resources: readonly Resource[], kind: string): Kind[] =>
  resources.filter((resource) => resource.kind === kind) as Kind[];

export const valueOf = ({ env }: Container, name: string): string | undefined =>
  env.find((variable) => variable.name === name)?.value;
