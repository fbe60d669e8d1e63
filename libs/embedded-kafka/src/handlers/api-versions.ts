import { ErrorCode } from '../protocol/errors.js';
import type { apiVersionsApi } from '../protocol/messages/api-versions.js';
import type { Handler, Route } from './handler.js';

const firstVersionWithSoftware = 3;
/** What Kafka accepts as the name and as the version of the client's software. */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** Announces what is routed. */
export function answerApiVersions(routes: readonly Route[]): Handler<typeof apiVersionsApi> {
  return ({ clientSoftwareName, clientSoftwareVersion }, { version }) => {
    const isNamed = [clientSoftwareName, clientSoftwareVersion].every((part) => softwarePattern.test(part));
    if (version >= firstVersionWithSoftware && !isNamed) {
      return { errorCode: ErrorCode.INVALID_REQUEST, apis: [] };
    }
    return { errorCode: ErrorCode.NONE, apis: announced(routes) };
  };
}

function announced(routes: readonly Route[]) {
  return routes.map(({ api }) => ({
    key: api.key,
    minVersion: api.announcedMinVersion,
    maxVersion: api.maxVersion,
  }));
}
