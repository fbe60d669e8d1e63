import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ledger } from '@orderbridge/ledger';
import { z } from 'zod';
import type { CarrierShipment } from './carrier.js';

const page = z.strictObject({
  orderId: z.string().optional().describe('Only the shipment of this order'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().optional().describe('nextCursor of the page before'),
});

@ApiTags('shipments')
@Controller('shipments')
export class ShipmentsController {
  constructor(private readonly ledger: Ledger<CarrierShipment>) {}

  @Get()
  @ApiOperation({ summary: "The carrier's own books; bookings are made over SOAP, see /carrier?wsdl" })
  async shipments(
    @Query({ schema: page }) { orderId, limit, after }: z.infer<typeof page>,
  ): Promise<{ shipments: CarrierShipment[]; nextCursor?: string }> {
    if (orderId !== undefined) {
      const shipment = await this.ledger.get(orderId);
      return { shipments: shipment ? [shipment] : [] };
    }
    const entries = await this.ledger.page(limit, after);
    const last = entries.at(-1);
    return {
      shipments: entries.map(([, shipment]) => shipment),
      ...(last && entries.length === limit && { nextCursor: last[0] }),
    };
  }
}
