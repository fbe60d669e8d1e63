import { statfs } from 'node:fs/promises';
import { ErrorCode } from '../protocol/errors.js';
import type { describeLogDirsApi } from '../protocol/messages/describe-log-dirs.js';
import type { Handler, Services } from './handler.js';

/** The sizes of partitions; there is one folder for all. */
export function describeLogDirs({ topics, settings }: Services): Handler<typeof describeLogDirsApi> {
  return async (request) => {
    const wanted =
      request.topics ??
      topics.all.map(({ name, partitions }) => ({ name, partitions: [...partitions.keys()] }));
    const { blocks, bavail, bsize } = await statfs(settings.dataDir);
    return {
      errorCode: ErrorCode.NONE,
      folders: [
        {
          errorCode: ErrorCode.NONE,
          path: settings.dataDir,
          topics: wanted.map(({ name, partitions }) => ({
            name,
            partitions: partitions.flatMap((index) => {
              const log = topics.get(name)?.partitions[index];
              return log === undefined ? [] : [{ index, size: log.bytes }];
            }),
          })),
          totalBytes: blocks * bsize,
          usableBytes: bavail * bsize,
        },
      ],
    };
  };
}
