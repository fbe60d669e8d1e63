import { Controller, Get, Param, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { ProblemException } from '@orderbridge/service';
import { hasLabel } from '../domain/shipment.js';
import { isTrackingNumber } from '../domain/tracking-number.js';
import { Labels } from '../labels/labels.js';
import type { BookedShipment, ShipmentEntity } from '../storage/shipment.entity.js';
import { ShipmentRepository } from '../storage/shipment.repository.js';
import { shipmentView, viewOf, type ShipmentView } from './shipment-view.js';

@ApiTags('shipments')
@Controller('shipments')
export class ShowShipmentsController {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly labels: Labels,
  ) {}

  @Get(':orderId')
  @ApiOperation({ summary: "An order's shipment" })
  @ApiResponse({ status: 200, standardSchema: shipmentView })
  @ApiResponse({ status: 404, description: 'The order has no shipment (yet)' })
  async one(@Param('orderId', { schema: id }) orderId: string): Promise<ShipmentView> {
    return viewOf(await this.#find(orderId));
  }

  @Get(':orderId/label')
  @ApiOperation({ summary: "The label of an order's shipment" })
  @ApiProduces('application/pdf')
  @ApiResponse({ status: 200, description: 'A PDF document', schema: { type: 'string', format: 'binary' } })
  @ApiResponse({ status: 404, description: 'The order has no shipment (yet)' })
  @ApiResponse({ status: 409, description: 'The carrier has not booked the shipment, or refused it' })
  async label(@Param('orderId', { schema: id }) orderId: string): Promise<StreamableFile> {
    const shipment = await this.#find(orderId);
    if (!hasLabel(shipment.status)) {
      throw new ProblemException({
        status: 409,
        title: 'No label',
        detail: `The shipment is ${shipment.status}; it has no label${shipment.failureReason ? `: ${shipment.failureReason}` : ' yet.'}`,
        extensions: { shipmentStatus: shipment.status },
      });
    }
    if (!isPrintable(shipment)) {
      throw new ProblemException({
        status: 409,
        title: 'Label not printable',
        detail:
          'The tracking number of the shipment, as the carrier gave it, cannot be printed as a barcode.',
      });
    }
    const pdf = await this.labels.of(shipment);
    return new StreamableFile(pdf, {
      type: 'application/pdf',
      disposition: `inline; filename="label-${shipment.trackingNumber.replaceAll(/[^\w.-]/g, '_')}.pdf"`,
      length: pdf.length,
    });
  }

  async #find(orderId: string): Promise<ShipmentEntity> {
    const shipment = await this.shipments.findOfOrder(orderId);
    if (shipment) return shipment;
    throw new ProblemException({
      status: 404,
      title: 'No shipment',
      detail: `The order ${orderId} has no shipment (yet).`,
    });
  }
}

const isPrintable = (shipment: ShipmentEntity): shipment is BookedShipment =>
  shipment.carrier !== null && shipment.trackingNumber !== null && isTrackingNumber(shipment.trackingNumber);
