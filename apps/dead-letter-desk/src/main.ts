import { runService } from '@orderbridge/service';
import { DeadLetterDeskModule } from './dead-letter-desk.module.js';
import { deskEnvironment } from './desk-environment.js';

await runService(deskEnvironment, (config) => ({
  name: 'dead-letter-desk',
  description:
    'Shows the dead letters of both brokers, sends them again or gives them up, and keeps who did what.',
  module: DeadLetterDeskModule.forRoot(config),
}));
