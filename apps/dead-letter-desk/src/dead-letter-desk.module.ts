import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IbmMqConnectionManager, QueueOperator } from '@orderbridge/ibm-mq';
import { KafkaModule, KafkaPublisher } from '@orderbridge/kafka';
import { MessagingModule, MESSAGING_MIGRATIONS } from '@orderbridge/messaging';
import { IbmMqMessagingModule } from '@orderbridge/messaging-ibm-mq';
import { DatabaseModule, ServiceModule } from '@orderbridge/service';
import { AuditTrailController } from './audit-trail/audit-trail.controller.js';
import { DESK_CONFIG, type DeskConfig } from './desk-environment.js';
import { DiscardLetters } from './discard-letters/discard-letters.js';
import { DiscardLettersController } from './discard-letters/discard-letters.controller.js';
import { GiveUpCalls } from './give-up-calls/give-up-calls.js';
import { GiveUpCallsController } from './give-up-calls/give-up-calls.controller.js';
import { IbmMqLetters } from './index-letters/ibm-mq-letters.js';
import { IndexLetters } from './index-letters/index-letters.js';
import { KafkaLetters } from './index-letters/kafka-letters.js';
import { OriginTopics } from './redrive-letters/origin-topics.js';
import { RedriveLetters } from './redrive-letters/redrive-letters.js';
import { RedriveLettersController } from './redrive-letters/redrive-letters.controller.js';
import { SettleOnQueue } from './settle-on-queue/settle-on-queue.js';
import { LetterMetrics } from './show-letters/letter-metrics.js';
import { ShowLettersController } from './show-letters/show-letters.controller.js';
import { AuditEntryEntity } from './storage/audit-entry.entity.js';
import { DeskTables1700000000001 } from './storage/desk-tables.migration.js';
import { LetterContent1700000000020 } from './storage/letter-content.migration.js';
import { LetterEntity } from './storage/letter.entity.js';
import { LetterRepository } from './storage/letter.repository.js';

const entities = [LetterEntity, AuditEntryEntity];

@Module({})
export class DeadLetterDeskModule {
  static forRoot(config: DeskConfig): DynamicModule {
    return {
      module: DeadLetterDeskModule,
      imports: [
        ServiceModule,
        DatabaseModule.forRoot({
          config,
          applicationName: 'dead-letter-desk',
          entities,
          migrations: [...MESSAGING_MIGRATIONS, DeskTables1700000000001, LetterContent1700000000020],
        }),
        TypeOrmModule.forFeature(entities),
        KafkaModule.forRoot(config, 'dead-letter-desk'),
        IbmMqMessagingModule.forRoot(config, 'dead-letter-desk'),
        MessagingModule.forRoot({
          service: 'dead-letter-desk',
          publishers: [KafkaPublisher],
          inboxRetentionDays: config.INBOX_RETENTION_DAYS,
        }),
      ],
      controllers: [
        RedriveLettersController,
        DiscardLettersController,
        GiveUpCallsController,
        ShowLettersController,
        AuditTrailController,
      ],
      providers: [
        { provide: DESK_CONFIG, useValue: config },
        {
          provide: QueueOperator,
          inject: [IbmMqConnectionManager],
          useFactory: (connection: IbmMqConnectionManager) => new QueueOperator(connection),
        },
        LetterRepository,
        LetterMetrics,
        IndexLetters,
        KafkaLetters,
        IbmMqLetters,
        SettleOnQueue,
        RedriveLetters,
        DiscardLetters,
        GiveUpCalls,
        OriginTopics,
      ],
    };
  }
}
