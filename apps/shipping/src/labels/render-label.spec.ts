import { inflateSync } from 'node:zlib';
import { renderLabel } from './render-label.js';

const label = {
  orderId: '0193e5a0-0000-7000-8000-000000000001',
  carrier: 'Mock Parcel',
  trackingNumber: 'MP0000000001DE',
  shipTo: {
    name: 'Łucja Αθηνά Иванова',
    street: '1 Market Street',
    postalCode: '10115',
    city: 'Berlin',
    country: 'DE',
  },
  pieces: 3,
  bookedAt: new Date('2026-11-21T09:30:00Z'),
};

test('a label is a PDF of one page', async () => {
  const pdf = (await renderLabel(label)).toString('latin1');
  expect(pdf).toMatch(/^%PDF-1\.\d/);
  expect(pdf).toMatch(/\/Type \/Pages\s+\/Count 1\b/);
  expect(pdf.trimEnd()).toMatch(/%%EOF$/);
  expect(pdf).toContain('Shipping label MP0000000001DE');
});

/** The drawing commands of the page. */
function drawing(pdf: Buffer): string {
  const text = pdf.toString('latin1');
  const [, content = ''] = /stream\r?\n([\s\S]*?)\r?\nendstream/.exec(text) ?? [];
  return inflateSync(Buffer.from(content, 'latin1')).toString('latin1');
}

/** Left and right ends of the barcode's bars, in modules of the narrowest bar. */
function bars(pdf: Buffer): string[] {
  const strokes: string[] = [];
  for (const [, path = '', width = ''] of drawing(pdf).matchAll(/((?:\d+ \d+ [ml]\n)+)(\d+) w\nS/g)) {
    for (const [, x] of path.matchAll(/(\d+) \d+ m/g)) strokes.push(`${x}/${width}`);
  }
  return strokes.toSorted();
}

test('the tracking number is there as a barcode: three bars per character, start, check and stop', async () => {
  const one = bars(await renderLabel(label));
  const other = bars(await renderLabel({ ...label, trackingNumber: 'MP0000000002DE' }));
  expect(one.length).toBeGreaterThan(20);
  expect(one.length % 3).toBe(1);
  expect(other).not.toEqual(one);
});
