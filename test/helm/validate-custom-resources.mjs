// Reads resources as JSON from stdin, validates each by the definition of its kind, and prints what is wrong.
// Argument: the folder in which the packages with the definitions are installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = process.argv[2];
const PACKAGES = {
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'external-secrets.io': '@kubernetes-models/external-secrets',
};

for (const resource of JSON.parse(readFileSync(0, 'utf8'))) {
  const { apiVersion, kind, metadata } = resource;
  const [group] = apiVersion.split('/');
  const file = join(folder, 'node_modules', PACKAGES[group], apiVersion, `${kind}.js`);
  const { [kind]: Model } = await import(pathToFileURL(file).href);
  try {
    new Model(resource).validate();
  } catch (error) {
    process.stdout.write(`${kind} ${metadata.name}: ${error.message}\n`);
  }
}
