import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

test('the alarms of deploy/prometheus/alerts.yml are those of docs/operations.md, in the same order', () => {
  const rules = readFileSync('deploy/prometheus/alerts.yml', 'utf8');
  const alarms = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const headings = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^### (\w+)$/gm)].map(
    ([, name]) => name,
  );
  expect(alarms.length).toBeGreaterThan(10);
  expect(headings).toEqual(alarms);
});

test('each alarm has a test of when it is on, and of when it is not', () => {
  const rules = parse(readFileSync('deploy/prometheus/alerts.yml', 'utf8'));
  const alarms = rules.groups[0].rules.map(({ alert }: { alert: string }) => alert);
  const { tests } = parse(readFileSync('deploy/prometheus/alerts.test.yml', 'utf8'));
  const expectations: { alertname: string; exp_alerts: unknown[] }[] = tests.flatMap(
    ({ alert_rule_test }: { alert_rule_test: unknown[] }) => alert_rule_test,
  );
  const tested = (isOn: boolean) =>
    alarms.filter((alarm: string) =>
      expectations.some(({ alertname, exp_alerts }) => alertname === alarm && exp_alerts.length > 0 === isOn),
    );
  expect(tested(true)).toEqual(alarms);
  expect(tested(false)).toEqual(alarms);
});
