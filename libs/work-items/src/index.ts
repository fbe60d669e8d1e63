export * from './circuit-breaker.js';
export * from './partner-call.js';
export * from './work-item-processor.js';
export * from './work-item-metrics.js';
export * from './work-item-queue.js';
