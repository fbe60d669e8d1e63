export * from './spans.js';
export * from './trace-context.js';
