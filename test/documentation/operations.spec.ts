import { readFileSync } from 'node:fs';

test('the alarms of deploy/prometheus/alerts.yml are those of docs/operations.md, in the same order', () => {
  const rules = readFileSync('deploy/prometheus/alerts.yml', 'utf8');
  const alarms = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const headings = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^### (\w+)$/gm)].map(
    ([, name]) => name,
  );
  expect(alarms.length).toBeGreaterThan(10);
  expect(headings).toEqual(alarms);
});
