// The programs and schemas that the chart is checked with, each from its own registry, kept under node_modules/.cache.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, run } from '../tool-cache/tool-cache.mjs';

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
  return {
    helm: goProgram('helm', HELM),
    kubeconform: goProgram('kubeconform', KUBECONFORM),
    schemas: kubernetesSchemas(),
    customResources: customResources(),
  };
}

function goProgram(name, { module, version }) {
  const folder = cached(`${name}-${version}`, (target) =>
    run('go', ['install', '-trimpath', '-ldflags=-s -w', `${module}@${version}`], {
      env: { ...process.env, GOBIN: target, GOFLAGS: '', GOTOOLCHAIN: 'auto' },
    }),
  );
  return join(folder, name);
}

/** Folder with a folder of schemas per version of Kubernetes, as kubeconform names them. */
function kubernetesSchemas() {
  return cached(`schemas-${SCHEMAS.version}`, (target) => {
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
}

/** The schemas refer to each other by an address on which the package would serve them; here they are files. */
function localSchema(file) {
  const { $id: _, ...schema } = JSON.parse(readFileSync(file, 'utf8'));
  return JSON.stringify(schema).replaceAll('"/api/_definitions.json', '"_definitions.json');
}

function customResources() {
  const name = `custom-resources-${CUSTOM_RESOURCES.join(' ').replaceAll(/[^\d.]+/g, '-')}`;
  return cached(name, (target) => {
    writeFileSync(join(target, 'package.json'), '{ "private": true, "type": "module" }');
    run('npm', ['install', '--prefix', target, '--silent', '--no-audit', '--no-fund', ...CUSTOM_RESOURCES]);
  });
}
