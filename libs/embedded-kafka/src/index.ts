export { startKafkaBroker, type KafkaBroker } from './kafka-broker.js';
export type { KafkaBrokerOptions } from './options.js';
export { FolderLockedError } from './storage/folder-lock.js';
export { StorageError } from './storage/storage-error.js';
