export * from './partners-books.js';
export * from './running-stack.js';
