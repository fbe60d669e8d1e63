import type { MQMD } from '../mqi/ibmmq.js';
import { withChanges } from './changed-message.js';
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
  expect(withChanges(message('MQSTR', data), {})).toEqual({
    format: 'MQSTR',
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data,
  });
});

test('a message without MQRFH2 gets one, which describes the body as it was', () => {
  const passedOn = withChanges(message('MQSTR', Buffer.from('body')), { headers: { reason: 'a<b' } });
  expect(passedOn).toMatchObject({ format: RFH2_FORMAT, encoding: LITTLE_ENDIAN, characterSet: UTF_8 });
  const header = readRfh2(passedOn.data, LITTLE_ENDIAN);
  expect(header?.next).toEqual({ format: 'MQSTR', encoding: LITTLE_ENDIAN, characterSet: UTF_8 });
  expect(header?.folders.map((folder) => folder.trimEnd())).toEqual(['<usr><reason>a&lt;b</reason></usr>']);
  expect(passedOn.data.subarray(header?.length).toString()).toBe('body');
});

test('other folders and properties stay as they came, those of the same name are replaced', () => {
  const usr = `<usr>${writeElements({ kept: 5, reason: 'old' })}<odd dt='i2'>7</odd><empty/></usr>`;
  const data = writeRfh2(['<mcd><Msd>jms_text</Msd></mcd>', usr], next, 'body');
  const passedOn = withChanges(message(RFH2_FORMAT, data), { headers: { reason: 'new' } });
  const header = readRfh2(passedOn.data, LITTLE_ENDIAN);
  expect(header?.next).toEqual(next);
  expect(header?.folders.map((folder) => folder.trimEnd())).toEqual([
    '<mcd><Msd>jms_text</Msd></mcd>',
    "<usr><kept dt='i4'>5</kept><odd dt='i2'>7</odd><empty/><reason>new</reason></usr>",
  ]);
});

test('headers that are left out leave no MQRFH2 behind when nothing else is in it', () => {
  const original = message('MQSTR', Buffer.from('body'));
  const marked = withChanges(original, { headers: { dlt_reason: 'x', dlt_id: 'y' } });
  const drops = (header: string) => header.startsWith('dlt_');
  expect(withChanges(message(marked.format, marked.data), { drops })).toEqual({
    format: 'MQSTR',
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data: Buffer.from('body'),
  });
});

test('headers that are left out leave all others as they came, and a new body is UTF-8 text', () => {
  const usr = `<usr>${writeElements({ 'content-type': 'a', dlt_id: 'y' })}<odd dt='i2'>7</odd></usr>`;
  const data = writeRfh2(['<mcd><Msd>jms_text</Msd></mcd>', usr], next, 'body');
  const drops = (header: string) => header.startsWith('dlt_');
  const passedOn = withChanges(message(RFH2_FORMAT, data), { drops, body: Buffer.from('other') });
  const header = readRfh2(passedOn.data, LITTLE_ENDIAN);
  expect(header?.next).toEqual({ format: 'MQSTR', encoding: LITTLE_ENDIAN, characterSet: UTF_8 });
  expect(header?.folders.map((folder) => folder.trimEnd())).toEqual([
    '<mcd><Msd>jms_text</Msd></mcd>',
    "<usr><content_x002D_type>a</content_x002D_type><odd dt='i2'>7</odd></usr>",
  ]);
  expect(passedOn.data.subarray(header?.length).toString()).toBe('other');
});
