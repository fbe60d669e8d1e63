export * from './apache-kafka.js';
export * from './kafka-classpath.js';
export * from './kafka-node.js';
export * from './programs.js';
