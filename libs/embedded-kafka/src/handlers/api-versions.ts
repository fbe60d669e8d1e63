import { ErrorCode } from '../protocol/errors.js';
import type { apiVersionsApi } from '../protocol/messages/api-versions.js';
import type { Handler, Route } from './handler.js';

/** Announces what is routed. */
export function answerApiVersions(routes: readonly Route[]): Handler<typeof apiVersionsApi> {
  return () => ({
    errorCode: ErrorCode.NONE,
    apis: routes.map(({ api }) => ({
      key: api.key,
      minVersion: api.announcedMinVersion,
      maxVersion: api.maxVersion,
    })),
  });
}
