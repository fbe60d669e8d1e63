import { readFileSync } from 'node:fs';

test('every alarm of deploy/prometheus/alerts.yml has its part of docs/operations.md, and no other has', () => {
  const rules = readFileSync('deploy/prometheus/alerts.yml', 'utf8');
  const alarms = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const headings = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^### (\w+)$/gm)].map(
    ([, name]) => name,
  );
  expect(alarms.length).toBeGreaterThan(10);
  expect(headings.toSorted()).toEqual(alarms.toSorted());
});
