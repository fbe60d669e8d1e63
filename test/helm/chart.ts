import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

interface Tools {
  readonly helm: string;
  readonly kubeconform: string;
  readonly schemas: string;
  readonly customResources: string;
  readonly kubernetesVersions: readonly string[];
}

/** The programs that run.mjs has installed. */
export const tools = JSON.parse(process.env['HELM_TOOLS'] ?? '{}') as Tools;

export const CHART = 'helm/orderbridge';

const files = (folder: string, pattern: RegExp) =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));

const examples = files(`${CHART}/examples`, /\.yaml$/);
const production = `${CHART}/values-production.yaml`;

/** Files of values that are given together, by a name: each environment, and production with each example. */
export const CASES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(files(CHART, /^values-.+\.yaml$/).map((file) => [file, [file]])),
  ...Object.fromEntries(examples.map((file) => [`production with ${file}`, [production, file]])),
};

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(program: string, args: readonly string[], input?: string): Result {
  return spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 64 * 1024 * 1024 });
}

/** helm with the chart, files of values and single values; `command` is lint or template. */
export function helm(
  command: 'lint' | 'template',
  values: readonly string[],
  set: readonly string[] = [],
): Result {
  const version = tools.kubernetesVersions.at(-1) ?? '';
  return run(tools.helm, [
    ...(command === 'lint'
      ? ['lint', CHART, '--strict']
      : ['template', 'shop', CHART, '--namespace', 'orders']),
    ...['--kube-version', version],
    ...values.flatMap((file) => ['--values', file]),
    ...set.flatMap((value) => ['--set-json', value]),
  ]);
}

/** Everything the chart makes of these values. */
export function render(values: readonly string[], set: readonly string[] = []): Resource[] {
  const { status, stdout, stderr } = helm('template', values, set);
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Resource | null)
    .filter((resource) => resource !== null);
}
