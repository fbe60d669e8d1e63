// The programs and schemas that the chart is checked with, each from its own registry, kept under node_modules/.cache.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../../node_modules/.cache/orderbridge-helm', import.meta.url));

const HELM = { module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' };
const KUBECONFORM = { module: 'github.com/yannh/kubeconform/cmd/kubeconform', version: 'v0.8.0' };
/** A Python package that carries the schemas of Kubernetes' own resources. */
const SCHEMAS = { package: 'kubernetes-validate', version: '1.37.0' };
/** npm packages that carry validators for custom resources, compiled from their definitions. */
const CUSTOM_RESOURCES = [
  '@kubernetes-models/keda@2.0.0',
  '@kubernetes-models/prometheus-operator@6.0.0',
  '@kubernetes-models/external-secrets@2.0.0',
];

/** The oldest version of Kubernetes that the chart takes, and the newest with schemas. */
export const KUBERNETES_VERSIONS = ['1.30.0', '1.37.0'];

/**
 * Installs what is missing. Needs go (1.26 or later), python3 with pip, and npm.
 *
 * @throws Error that says which command failed
 */
export function installTools() {
  mkdirSync(cache, { recursive: true });
  return {
    helm: goProgram('helm', HELM),
    kubeconform: goProgram('kubeconform', KUBECONFORM),
    schemas: kubernetesSchemas(),
    customResources: customResources(),
  };
}

function goProgram(name, { module, version }) {
  const folder = join(cache, `${name}-${version}`);
  once(folder, (target) =>
    run('go', ['install', '-trimpath', '-ldflags=-s -w', `${module}@${version}`], {
      env: { ...process.env, GOBIN: target, GOFLAGS: '', GOTOOLCHAIN: 'auto' },
    }),
  );
  return join(folder, name);
}

/** Folder with a folder of schemas per version of Kubernetes, as kubeconform names them. */
function kubernetesSchemas() {
  const folder = join(cache, `schemas-${SCHEMAS.version}`);
  once(folder, (target) => {
    const wheel = join(target, 'wheel');
    const python = (...args) => run('python3', ['-m', ...args]);
    python(
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--dest',
      wheel,
      `${SCHEMAS.package}==${SCHEMAS.version}`,
    );
    const [file] = readdirSync(wheel);
    python('zipfile', '-e', join(wheel, file), join(wheel, 'content'));
    for (const version of KUBERNETES_VERSIONS) {
      const from = join(
        wheel,
        'content/kubernetes_validate/kubernetes-json-schema',
        `v${version}-local-strict`,
      );
      const to = join(target, version);
      mkdirSync(to);
      for (const name of readdirSync(from)) writeFileSync(join(to, name), localSchema(join(from, name)));
    }
    rmSync(wheel, { recursive: true });
  });
  return folder;
}

/** The schemas refer to each other by an address on which the package would serve them; here they are files. */
function localSchema(file) {
  const { $id: _, ...schema } = JSON.parse(readFileSync(file, 'utf8'));
  return JSON.stringify(schema).replaceAll('"/api/_definitions.json', '"_definitions.json');
}

function customResources() {
  const folder = join(cache, `custom-resources-${CUSTOM_RESOURCES.join(' ').replaceAll(/[^\d.]+/g, '-')}`);
  once(folder, (target) => {
    writeFileSync(join(target, 'package.json'), '{ "private": true, "type": "module" }');
    run('npm', ['install', '--prefix', target, '--silent', '--no-audit', '--no-fund', ...CUSTOM_RESOURCES]);
  });
  return folder;
}

/** Fills a folder unless it is there already; one that was not filled to its end does not stay. */
function once(folder, fill) {
  if (existsSync(folder)) return;
  const target = mkdtempSync(join(cache, 'incomplete-'));
  try {
    fill(target);
    renameSync(target, folder);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (error) throw new Error(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}.`);
}
