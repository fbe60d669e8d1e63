import fc from 'fast-check';
import { toHeaderName, toPropertyName } from './property-names.js';

test.each(['ce_id', 'traceparent', 'X', '_private', 'rootCause', 'order2'])('%s stays as it is', (name) => {
  expect(toPropertyName(name)).toBe(name);
  expect(toHeaderName(name)).toBe(name);
});

test.each([
  ['content-type', 'content_x002D_type'],
  ['a.b', 'a_x002E_b'],
  ['2nd', '_x0032_nd'],
  ['größe', 'gr_x00F6__x00DF_e'],
  ['a$', 'a_x0024_'],
  ['JMSType', '_x004A_MSType'],
  ['Body', '_x0042_ody'],
  ['null', '_x006E_ull'],
  ['Escape', '_x0045_scape'],
  ['_x0041_', '_x005F_x0041_'],
  ['_x0041-', '_x005F_x0041_x002D_'],
  ['😀', '_xD83D__xDE00_'],
])('%s becomes %s', (header, property) => {
  expect(toPropertyName(header)).toBe(property);
  expect(toHeaderName(property)).toBe(header);
});

test('every name comes back as it was and is an identifier in between', () => {
  const names = fc.oneof(
    fc.string({ minLength: 1, maxLength: 50, unit: 'binary' }),
    fc.string({ minLength: 1, unit: fc.constantFrom('_', 'x', '0', 'A', '-') }),
  );
  fc.assert(
    fc.property(names, (name) => {
      const property = toPropertyName(name);
      expect(property).toMatch(/^[A-Za-z_]\w*$/);
      expect(toHeaderName(property)).toBe(name);
    }),
    { numRuns: 2_000 },
  );
});

test('names that MQ cannot hold are refused', () => {
  expect(() => toPropertyName('')).toThrow(TypeError);
  expect(() => toPropertyName('-'.repeat(1000))).toThrow(TypeError);
});
