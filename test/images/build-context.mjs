import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';

/**
 * Copies what a build would be sent: the files that git knows, less what .dockerignore excludes. Files that nobody has
 * committed are not there, as in a fresh clone.
 */
export function copyBuildContext(root, target) {
  const ignored = readDockerignore(readFileSync(join(root, '.dockerignore'), 'utf8'));
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((path) => path !== '' && !ignored(path))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
}

/** As Docker reads it: the last pattern that matches the path or a folder above it decides. */
export function readDockerignore(text) {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: toRegExp(line.replace(/^!/, '')) }));
  return (path) => {
    const parts = path.split('/');
    const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const deciding = rules.findLast(({ pattern }) => prefixes.some((prefix) => pattern.test(prefix)));
    return deciding !== undefined && !deciding.keeps;
  };
}

function toRegExp(pattern) {
  const source = pattern
    .replace(/^\/|\/$/g, '')
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*|\?/g, (wildcard) => ({ '**/': '(.*/)?', '*': '[^/]*', '?': '[^/]' })[wildcard]);
  return new RegExp(`^${source}$`);
}
