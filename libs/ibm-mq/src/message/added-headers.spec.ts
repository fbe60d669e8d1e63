import type { MQMD } from '../mqi/ibmmq.js';
import { withHeaders } from './added-headers.js';
import { IncomingMessage } from './incoming-message.js';
import { LITTLE_ENDIAN, readRfh2, RFH2_FORMAT, UTF_8, writeElements, writeRfh2 } from './rfh2.js';

const next = { format: 'MQSTR', encoding: 273, characterSet: 819 };

function message(format: string, data: Buffer): IncomingMessage {
  return new IncomingMessage(
    'Q',
    { Format: format, Encoding: LITTLE_ENDIAN, CodedCharSetId: UTF_8 } as MQMD,
    data,
  );
}

test('without headers nothing changes', () => {
  const data = Buffer.from('body');
  expect(withHeaders(message('MQSTR', data), {})).toEqual({
    format: 'MQSTR',
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data,
  });
});

test('a message without MQRFH2 gets one, which describes the body as it was', () => {
  const passedOn = withHeaders(message('MQSTR', Buffer.from('body')), { reason: 'a<b' });
  expect(passedOn).toMatchObject({ format: RFH2_FORMAT, encoding: LITTLE_ENDIAN, characterSet: UTF_8 });
  const header = readRfh2(passedOn.data, LITTLE_ENDIAN);
  expect(header?.next).toEqual({ format: 'MQSTR', encoding: LITTLE_ENDIAN, characterSet: UTF_8 });
  expect(header?.folders.map((folder) => folder.trimEnd())).toEqual(['<usr><reason>a&lt;b</reason></usr>']);
  expect(passedOn.data.subarray(header?.length).toString()).toBe('body');
});

test('other folders and properties stay as they came, those of the same name are replaced', () => {
  const usr = `<usr>${writeElements({ kept: 5, reason: 'old' })}<odd dt='i2'>7</odd><empty/></usr>`;
  const data = writeRfh2(['<mcd><Msd>jms_text</Msd></mcd>', usr], next, 'body');
  const passedOn = withHeaders(message(RFH2_FORMAT, data), { reason: 'new' });
  const header = readRfh2(passedOn.data, LITTLE_ENDIAN);
  expect(header?.next).toEqual(next);
  expect(header?.folders.map((folder) => folder.trimEnd())).toEqual([
    '<mcd><Msd>jms_text</Msd></mcd>',
    "<usr><kept dt='i4'>5</kept><odd dt='i2'>7</odd><empty/><reason>new</reason></usr>",
  ]);
});
