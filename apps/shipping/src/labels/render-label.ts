import { createRequire } from 'node:module';
import bwip from 'bwip-js/node';
import PDFDocument from 'pdfkit';
import { isTrackingNumber } from '../domain/tracking-number.js';
import { cleanText, type ShipTo } from '@orderbridge/contracts';

export interface LabelContent {
  readonly orderId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly shipTo: ShipTo;
  readonly pieces: number;
  readonly bookedAt: Date;
}

/** A4's quarter, the usual size of parcel labels, in points. */
const SIZE: [number, number] = [297.64, 419.53];
const MARGIN = 20;
const BARCODE_HEIGHT = 60;
/** Most characters of a field, whatever is stored. */
const MAX_LENGTH = 100;

/** Latin, Greek, Cyrillic and more; PDF's built-in fonts have Western European letters only. */
const require = createRequire(import.meta.url);
const REGULAR = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf');
const BOLD = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf');

/**
 * Renders a shipping label as a PDF with the tracking number as a Code 128 barcode.
 *
 * @throws RangeError when the tracking number is none that a label can hold.
 */
export async function renderLabel(label: LabelContent): Promise<Buffer> {
  if (!isTrackingNumber(label.trackingNumber)) throw new RangeError('The tracking number cannot be printed.');
  const document = new PDFDocument({
    size: SIZE,
    margin: MARGIN,
    info: { Title: `Shipping label ${label.trackingNumber}`, CreationDate: label.bookedAt },
  });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const finished = new Promise<Buffer>((resolve, reject) => {
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
  });
  const [name, street, postalCode, city, country] = (
    ['name', 'street', 'postalCode', 'city', 'country'] as const
  ).map((field) => cleanText(label.shipTo[field], MAX_LENGTH));
  document.font(BOLD).fontSize(16).text(cleanText(label.carrier, MAX_LENGTH));
  document.moveDown(0.5).font(REGULAR).fontSize(8).text('SHIP TO');
  document.fontSize(14).text([name, street, `${postalCode} ${city}`, country].join('\n'));
  drawBarcode(document, label.trackingNumber);
  document
    .font(REGULAR)
    .fontSize(8)
    .text(
      `Order ${label.orderId}\nPieces ${label.pieces}\nBooked ${label.bookedAt.toISOString()}`,
      MARGIN,
      350,
    );
  document.end();
  return finished;
}

function drawBarcode(document: PDFKit.PDFDocument, trackingNumber: string): void {
  const svg = bwip.toSVG({ bcid: 'code128', text: trackingNumber, height: 10, includetext: false });
  const [, total = '1', height = '1'] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  document.save().translate(MARGIN, 210);
  document.scale((SIZE[0] - 2 * MARGIN) / Number(total), BARCODE_HEIGHT / Number(height));
  for (const [, width = '1', bars = ''] of svg.matchAll(/<path [^>]*stroke-width="(\d+)" d="([^"]+)"/g)) {
    document.path(bars).lineWidth(Number(width)).stroke();
  }
  document.restore();
  document
    .font(BOLD)
    .fontSize(14)
    .text(trackingNumber, MARGIN, 210 + BARCODE_HEIGHT + 8, { align: 'center' });
}
