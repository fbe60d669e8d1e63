export {
  clientLibrary,
  ClientLibraryError,
  type ClientLibraryOptions,
  libraryEnvironment,
} from './client-library.js';
export { DataFolderLocked } from './data-folder.js';
export type { Faults, FaultyVerb } from './faults.js';
export type { Users } from './listener.js';
export type { MqscResult, Remark } from './mqsc-commands.js';
export { type QueueManagerOptions, type RunningQueueManager, startQueueManager } from './start.js';
