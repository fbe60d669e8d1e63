import { checkGroupId } from '../group/group-coordinator.js';
import { unknownMember } from '../group/consumer-group.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { deleteGroupsApi } from '../protocol/messages/delete-groups.js';
import type { describeGroupsApi } from '../protocol/messages/describe-groups.js';
import type { findCoordinatorApi } from '../protocol/messages/find-coordinator.js';
import type { heartbeatApi } from '../protocol/messages/heartbeat.js';
import type { joinGroupApi } from '../protocol/messages/join-group.js';
import type { leaveGroupApi } from '../protocol/messages/leave-group.js';
import type { listGroupsApi } from '../protocol/messages/list-groups.js';
import type { syncGroupApi } from '../protocol/messages/sync-group.js';
import { attempt, nodeId, type Handler, type Services } from './handler.js';

const keyType = { group: 0, transaction: 1 } as const;
const nobody = Buffer.alloc(0);

/** First versions in which a request changes its meaning. */
const since = { memberIdRequired: 4, nullProtocolName: 7, severalMembers: 3 } as const;

/** Transactions have a coordinator, too, which then refuses them: that is the error that clients report clearly. */
export function findCoordinator(): Handler<typeof findCoordinatorApi> {
  function check(type: number): void {
    if (type !== keyType.group && type !== keyType.transaction) {
      throw new RefusedError(ErrorCode.INVALID_REQUEST, `There is no coordinator of type ${type}.`);
    }
  }

  return async (request, context) => {
    const { errorCode, errorMessage } = await attempt(() => check(request.keyType));
    const coordinator =
      errorCode === ErrorCode.NONE ? { nodeId, ...context.advertised } : { nodeId: -1, host: '', port: -1 };
    const answer = { errorCode, errorMessage, ...coordinator };
    return { ...answer, coordinators: request.keys.map((key) => Object.assign({ key }, answer)) };
  };
}

export function joinGroup({ groups, settings }: Services): Handler<typeof joinGroupApi> {
  function check(groupId: string, memberId: string, sessionTimeoutMs: number): void {
    checkGroupId(groupId);
    const { minSessionTimeoutMs: min, maxSessionTimeoutMs: max } = settings;
    if (sessionTimeoutMs < min || sessionTimeoutMs > max) {
      throw new RefusedError(
        ErrorCode.INVALID_SESSION_TIMEOUT,
        `The session time-out must be from ${min} to ${max} ms.`,
      );
    }
    if (memberId !== '' && groups.group(groupId) === undefined) throw unknownMember(memberId, groupId);
  }

  return async (request, context) => {
    const { groupId, memberId, sessionTimeoutMs } = request;
    const { errorCode, value: answer } = await attempt(() => {
      check(groupId, memberId, sessionTimeoutMs);
      const candidate = {
        memberId,
        instanceId: request.groupInstanceId,
        clientId: context.clientId,
        clientHost: context.clientHost,
        sessionTimeoutMs,
        rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
        protocolType: request.protocolType,
        protocols: request.protocols,
      };
      const mustKnowId = context.version >= since.memberIdRequired;
      return groups.groupOrNew(groupId).join(candidate, mustKnowId);
    });
    const noProtocol = context.version >= since.nullProtocolName ? null : '';
    return {
      errorCode: answer?.errorCode ?? asCoordinatorError(errorCode),
      generationId: answer?.generation ?? -1,
      protocolType: answer?.protocolType ?? null,
      protocolName: answer?.protocolName ?? noProtocol,
      leader: answer?.leaderId ?? '',
      skipAssignment: answer?.skipAssignment ?? false,
      memberId: answer?.memberId ?? memberId,
      members:
        answer?.members.map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.instanceId,
          metadata: member.metadata,
        })) ?? [],
    };
  };
}

export function syncGroup({ groups }: Services): Handler<typeof syncGroupApi> {
  return async (request) => {
    const { errorCode, value: answer } = await attempt(() => {
      checkGroupId(request.groupId);
      const group = groups.group(request.groupId);
      if (group === undefined) throw unknownMember(request.memberId, request.groupId);
      return group.sync({ ...asMemberRequest(request), ...request }, request.assignments);
    });
    return {
      errorCode: answer?.errorCode ?? asCoordinatorError(errorCode),
      protocolType: answer?.protocolType ?? null,
      protocolName: answer?.protocolName ?? null,
      assignment: answer?.assignment ?? nobody,
    };
  };
}

export function heartbeat({ groups }: Services): Handler<typeof heartbeatApi> {
  return async (request) => {
    const { errorCode } = await attempt(() => {
      checkGroupId(request.groupId);
      const group = groups.group(request.groupId);
      if (group === undefined) throw unknownMember(request.memberId, request.groupId);
      group.heartbeat(asMemberRequest(request));
    });
    return { errorCode };
  };
}

export function leaveGroup({ groups }: Services): Handler<typeof leaveGroupApi> {
  function leave(groupId: string, memberId: string, instanceId: string | null) {
    return attempt(() => {
      checkGroupId(groupId);
      const group = groups.group(groupId);
      if (group === undefined) throw unknownMember(memberId, groupId);
      group.leave(memberId, instanceId);
    });
  }

  return async (request, context) => {
    if (context.version < since.severalMembers) {
      const { errorCode } = await leave(request.groupId, request.memberId, null);
      return { errorCode, members: [] };
    }
    const members = [];
    for (const { memberId, groupInstanceId } of request.members) {
      const { errorCode } = await leave(request.groupId, memberId, groupInstanceId);
      members.push({ memberId, groupInstanceId, errorCode });
    }
    return { errorCode: ErrorCode.NONE, members };
  };
}

export function describeGroups({ groups }: Services): Handler<typeof describeGroupsApi> {
  return (request) => ({
    groups: request.groups.map((groupId) => {
      const group = groups.group(groupId);
      const protocolName = group?.protocolName ?? null;
      return {
        errorCode: ErrorCode.NONE,
        groupId,
        state: group?.state ?? 'Dead',
        protocolType: group?.protocolType ?? '',
        protocolName: protocolName ?? '',
        members:
          group?.members.map((member) => ({
            memberId: member.id,
            groupInstanceId: member.instanceId,
            clientId: member.clientId,
            clientHost: member.clientHost,
            metadata: protocolName === null ? nobody : member.metadataFor(protocolName),
            assignment: member.assignment,
          })) ?? [],
      };
    }),
  });
}

export function listGroups({ groups }: Services): Handler<typeof listGroupsApi> {
  const type = 'classic';
  const admits = (filter: readonly string[], value: string) =>
    filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === value.toLowerCase());

  return (request) => ({
    errorCode: ErrorCode.NONE,
    groups: groups.groups
      .filter((group) => admits(request.statesFilter, group.state) && admits(request.typesFilter, type))
      .map((group) => ({
        groupId: group.id,
        protocolType: group.protocolType ?? '',
        state: group.state,
        type,
      })),
  });
}

export function deleteGroups({ groups }: Services): Handler<typeof deleteGroupsApi> {
  return async (request) => {
    const deleted = [];
    for (const groupId of request.groups) {
      const { errorCode } = await attempt(() => groups.deleteGroup(groupId));
      deleted.push({ groupId, errorCode: asCoordinatorError(errorCode) });
    }
    return { groups: deleted };
  };
}

/** Coordinators have no log of their own for clients, who are told to come back instead. */
export function asCoordinatorError(errorCode: ErrorCode): ErrorCode {
  return errorCode === ErrorCode.KAFKA_STORAGE_ERROR ? ErrorCode.COORDINATOR_NOT_AVAILABLE : errorCode;
}

export function asMemberRequest(request: {
  memberId: string;
  groupInstanceId: string | null;
  generationId: number;
}) {
  return {
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    generation: request.generationId,
  };
}
