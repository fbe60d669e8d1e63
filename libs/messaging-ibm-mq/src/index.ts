export * from './backouts/backout-ledger.migration.js';
export * from './consume-events.js';
export * from './ibm-mq-environment.js';
export * from './ibm-mq-event-server.js';
export * from './ibm-mq-messaging.module.js';
export * from './ibm-mq-publisher.js';
