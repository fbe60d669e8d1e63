import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { LabelEntity } from '../storage/label.entity.js';
import type { BookedShipment } from '../storage/shipment.entity.js';
import { renderLabel } from './render-label.js';

/**
 * The labels of booked shipments. A label holds nothing but its shipment's record, so it is rendered when it is first
 * asked for; from then on the stored document is the label.
 */
@Injectable()
export class Labels {
  constructor(@InjectRepository(LabelEntity) private readonly labels: Repository<LabelEntity>) {}

  /** The label of a booked shipment, a PDF. */
  async of(shipment: BookedShipment): Promise<Buffer> {
    const stored = await this.labels.findOneBy({ shipmentId: shipment.id });
    if (stored) return stored.pdf;
    const pdf = await renderLabel({
      orderId: shipment.orderId,
      carrier: shipment.carrier,
      trackingNumber: shipment.trackingNumber,
      shipTo: shipment.shipTo,
      pieces: shipment.pieces,
      bookedAt: shipment.bookedAt,
    });
    // Two first requests at the same time: the one that stores first decides what both get.
    await this.labels.query('INSERT INTO label (shipment_id, pdf) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      shipment.id,
      pdf,
    ]);
    const { pdf: kept } = await this.labels.findOneByOrFail({ shipmentId: shipment.id });
    return kept;
  }
}
