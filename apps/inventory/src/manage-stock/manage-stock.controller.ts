import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { UnitsOfWork } from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { z } from 'zod';
import type { StockEntity } from '../storage/stock.entity.js';
import { StockRepository } from '../storage/stock.repository.js';
import { stockPage, stockView, viewOf, type StockPage, type StockView } from './stock-view.js';

const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('Most products of the page'),
  cursor: id.optional().describe('nextCursor of the page before'),
});

const update = z
  .strictObject({
    quantity: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .describe('Pieces now in the warehouse, those reserved for orders included'),
  })
  .meta({ id: 'UpdateStock', examples: [{ quantity: 250 }] });

@ApiTags('inventory')
@Controller('inventory')
export class ManageStockController {
  constructor(
    private readonly stock: StockRepository,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All products, by id' })
  @ApiResponse({ status: 200, standardSchema: stockPage })
  async all(@Query({ schema: page }) { limit, cursor }: z.infer<typeof page>): Promise<StockPage> {
    const found = await this.stock.findPage(limit + 1, cursor);
    const shown = found.slice(0, limit);
    return {
      products: shown.map(viewOf),
      ...(found.length > limit && { nextCursor: shown.at(-1)?.productId }),
    };
  }

  @Get(':productId')
  @ApiOperation({ summary: "A product's stock" })
  @ApiResponse({ status: 200, standardSchema: stockView })
  @ApiResponse({ status: 404, description: 'The product is not kept' })
  async one(@Param('productId', { schema: id }) productId: string): Promise<StockView> {
    return viewOf(await this.#find(productId));
  }

  @Put(':productId/update')
  @ApiOperation({ summary: 'Set how many pieces are in the warehouse, after a delivery or a stocktaking' })
  @ApiResponse({ status: 200, standardSchema: stockView })
  @ApiResponse({ status: 404, description: 'The product is not kept' })
  @ApiResponse({ status: 409, description: 'More pieces than that are promised to orders' })
  async update(
    @Param('productId', { schema: id }) productId: string,
    @Body({ schema: update }) { quantity }: z.infer<typeof update>,
  ): Promise<StockView> {
    await this.unitsOfWork.run(async ({ manager }) => {
      const locked = await this.stock.lock(manager, [productId]);
      const [stock] = locked.values();
      if (!stock) throw notKept(productId);
      if (quantity < stock.reserved) {
        throw new ProblemException({
          status: 409,
          title: 'Reserved for orders',
          detail: `${stock.reserved} pieces are promised to orders; ${quantity} would be too few. Nothing was changed.`,
          extensions: { reserved: stock.reserved },
        });
      }
      stock.onHand = quantity;
      await this.stock.update(manager, locked);
    });
    return viewOf(await this.#find(productId));
  }

  async #find(productId: string): Promise<StockEntity> {
    const stock = await this.stock.find(productId);
    if (!stock) throw notKept(productId);
    return stock;
  }
}

const notKept = (productId: string): ProblemException =>
  new ProblemException({
    status: 404,
    title: 'No such product',
    detail: `The product ${productId} is not kept.`,
  });
