// Lints and renders the Helm chart with every file of values, and tests what comes out. Arguments are jest's.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installTools, KUBERNETES_VERSIONS } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

let tools;
try {
  tools = installTools();
} catch (error) {
  process.stderr.write(`${error.message}\nThis needs go (1.26 or later), python3 with pip, and npm.\n`);
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--selectProjects=helm',
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      HELM_TOOLS: JSON.stringify({ ...tools, kubernetesVersions: KUBERNETES_VERSIONS }),
    },
  },
);
process.exitCode = status ?? 1;
