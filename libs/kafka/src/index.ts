export * from './consume-events.js';
export * from './kafka-connection.js';
export * from './kafka-dead-letters.js';
export * from './kafka-environment.js';
export * from './kafka-event-server.js';
export * from './kafka-publisher.js';
export * from './kafka.module.js';
export * from './topic-follower.js';
