import { parseSelector, SelectorSyntaxError, type Value } from './selector.js';

const message: Record<string, Value> = {
  type: 'order',
  total: 500,
  rate: 1.5,
  paid: true,
  note: "it's 50% off",
};
const selects = (text: string) => parseSelector(text)((name) => message[name]);

test.each([
  "type = 'order'",
  "usr.type = 'order'",
  "type <> 'refund' AND total >= 500",
  "type = 'refund' OR (total > 400 and NOT paid = FALSE)",
  'paid',
  'total BETWEEN 100 AND 500',
  'total NOT BETWEEN 1 AND 2',
  "type IN ('order', 'refund')",
  "type NOT IN ('refund')",
  "type LIKE 'o_d%'",
  "note LIKE 'it''s 50\\% off' ESCAPE '\\'",
  'missing IS NULL',
  'total IS NOT NULL',
  'total / 2 + 1 = 251',
  '-total < 0',
  'rate * 2 = 3.0',
  'total = 5e2',
])('%s selects', (text) => {
  expect(selects(text)).toBe(true);
});

test.each([
  "type = 'Order'",
  'missing = 1',
  'NOT missing = 1',
  'missing > 0 OR missing <= 0',
  "total = '500'",
  "type > 'a'",
  "type LIKE 'o'",
  'total IS NULL',
])('%s does not select', (text) => {
  expect(selects(text)).toBe(false);
});

test.each([
  '',
  'type =',
  "type = 'order",
  'total BETWEEN 1',
  'a b',
  'type IN ()',
  '= 1',
  '(total = 1',
  'NULL',
  'a ! b',
])('%p is no selector', (text) => {
  expect(() => parseSelector(text)).toThrow(SelectorSyntaxError);
});
