import { copyFileSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { portsFrom } from '../../apps/stack/src/ports.js';
import { SERVICES } from './services.js';

const CHART = 'helm/orderbridge';
const yaml = <Content>(file: string) => parse(readFileSync(file, 'utf8')) as Content;

test('the alarms of the chart are those of deploy/prometheus; UPDATE_DOCS=1 npm test -- documentation copies them', () => {
  const copy = `${CHART}/files/alerts.yml`;
  if (process.env['UPDATE_DOCS']) copyFileSync('deploy/prometheus/alerts.yml', copy);
  expect(readFileSync(copy, 'utf8')).toBe(readFileSync('deploy/prometheus/alerts.yml', 'utf8'));
});

test('the products of values-dev.yaml are those of deploy/demo', () => {
  const { seed } = yaml<{ seed: unknown }>(`${CHART}/values-dev.yaml`);
  expect(seed).toEqual(JSON.parse(readFileSync('deploy/demo/products.json', 'utf8')));
});

test('the chart has every service, on its usual port', () => {
  const { services } = yaml<{ services: Record<string, { port: number }> }>(`${CHART}/values.yaml`);
  expect(Object.keys(services).toSorted()).toEqual(Object.keys(SERVICES).toSorted());
  const ports: Readonly<Record<string, number>> = portsFrom(0);
  for (const [name, { port }] of Object.entries(services))
    expect({ name, port }).toEqual({
      name,
      port: ports[name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())],
    });
});

test('the chart installs the version that is here', () => {
  const { appVersion } = yaml<{ appVersion: string }>(`${CHART}/Chart.yaml`);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(appVersion).toBe(version);
});
