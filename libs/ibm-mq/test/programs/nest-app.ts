import {
  Controller,
  Injectable,
  Logger,
  Module,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type AsyncMicroserviceOptions,
} from '@nestjs/microservices';
import { from, lastValueFrom, of, tap, throwError, toArray, type Observable } from 'rxjs';
import {
  IBM_MQ,
  IbmMqClient,
  IbmMqConnectionManager,
  IbmMqContext,
  IbmMqHealthIndicator,
  IbmMqModule,
  IbmMqRecord,
  IbmMqServer,
  OnQueue,
} from '../../src/index.js';
import { serve, tell } from './channel.js';

Logger.overrideLogger(['error', 'fatal']);

@Injectable()
class OnlyInvited implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToRpc().getContext<IbmMqContext>().getMessage();
    return headers['invited'] !== false;
  }
}

@Injectable()
class Timing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap({ complete: () => tell('intercepted', true) }));
  }
}

class Telling implements ExceptionFilter {
  catch(exception: Error, _host: ArgumentsHost): Observable<never> {
    tell('filtered', exception.message);
    return throwError(() => exception);
  }
}

interface Order {
  readonly id: number;
}

@Controller()
class Orders {
  @EventPattern(['ORDERS'], IBM_MQ)
  @UseGuards(OnlyInvited)
  @UseInterceptors(Timing)
  @UseFilters(Telling)
  async placed(@Payload() order: Order, @Ctx() context: IbmMqContext): Promise<void> {
    await context.getUnitOfWork().send({ queue: 'SEEN', body: `${order.id}` });
    tell('order', { order, queue: context.getQueue(), headers: context.getMessage().headers });
    if (order.id < 0) throw new Error('no such order');
  }

  @OnQueue('BATCH', { batch: true })
  batch(@Payload() orders: readonly Order[], @Ctx() context: IbmMqContext): Observable<unknown> {
    tell('batch', { orders, messages: context.getMessages().length });
    return of(1, 2);
  }

  @EventPattern(['ORDERS'], Transport.KAFKA)
  kafka(): void {
    tell('kafka', true);
  }

  @MessagePattern('PRICES', IBM_MQ)
  price(@Payload('id', ParseIntPipe) id: number): Observable<number> | IbmMqRecord | number | undefined {
    if (id === 0) return undefined;
    if (id === 3) return from([1, 2, 3]);
    if (id === 4) return new IbmMqRecord(4, { headers: { currency: 'EUR' } });
    if (id < 0) throw new RpcException('no such price');
    return id * 100;
  }
}

const address = process.env['MQ_ADDRESS'] as string;

@Module({
  imports: [
    IbmMqModule.forRootAsync({
      useFactory: () => Promise.resolve({ connection: { addresses: address } }),
    }),
    IbmMqModule.forFeature([{ name: 'REQUESTS', replyQueue: 'REPLIES', requestTimeout: 500 }]),
  ],
  controllers: [Orders],
})
class App {}

const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(App, {
  inject: [IbmMqConnectionManager],
  useFactory: (connection: IbmMqConnectionManager) => ({
    strategy: new IbmMqServer({ connection, queues: { BATCH: { batchSize: 10 } } }),
  }),
});
await app.listen();
const manager = app.get(IbmMqConnectionManager);
const client = app.get(IbmMqClient);
const requests = app.get<IbmMqClient>('REQUESTS');
const health = app.get(IbmMqHealthIndicator);

serve({
  emit: ({
    queue,
    payload,
    headers,
  }: {
    queue: string;
    payload: unknown;
    headers?: Record<string, string>;
  }) => lastValueFrom(client.emit(queue, new IbmMqRecord(payload, { headers })), { defaultValue: null }),
  request: ({ queue, payload }: { queue: string; payload: unknown }) =>
    lastValueFrom(requests.send(queue, payload).pipe(toArray())),
  requestWithoutReplyQueue: () => lastValueFrom(client.send('PRICES', {})),
  depth: (queue: string) => client.queueDepth(queue),
  health: () => health.isHealthy('mq', manager),
  async close() {
    await app.close();
    return manager.status;
  },
});
