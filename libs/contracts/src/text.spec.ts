import { decodeEvent, encodeEvent, InvalidEventError } from './envelope/binary-mode.js';
import { fixtureEvent } from './fixtures.js';
import { paymentProcessed } from './payments/payment-processed.js';
import { text } from './text.js';

/** XML 1.0, production 2 (Char), written down once more, by code point. */
const isXmlCharacter = (code: number): boolean =>
  code === 0x9 ||
  code === 0xa ||
  code === 0xd ||
  (code >= 0x20 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  (code >= 0x10000 && code <= 0x10ffff);

test('text is refused exactly when it holds what XML 1.0 forbids', () => {
  const rule = text(2);
  const wrong: number[] = [];
  for (let code = 0; code <= 0x10ffff; code += code > 0x10100 ? 37 : 1)
    if (rule.safeParse(String.fromCodePoint(code)).success !== isXmlCharacter(code)) wrong.push(code);
  expect(wrong).toEqual([]);
});

test.each(['A\u0000da', 'A\u001bda', 'A\ud800da', 'A\uffffda'])(
  'an old record with %j is sent, for its consumer to refuse it; any other fault stops its producer',
  (name) => {
    const event = fixtureEvent(paymentProcessed);
    const data = { ...event.data, shipTo: { ...event.data.shipTo, name } };
    const { headers, body } = encodeEvent(paymentProcessed, { ...event, data });
    expect(() => decodeEvent(paymentProcessed, headers, body)).toThrow(/XML 1\.0/);
    const wrong = { ...data, chargeId: 5 as unknown as string };
    expect(() => encodeEvent(paymentProcessed, { ...event, data: wrong })).toThrow(InvalidEventError);
  },
);
