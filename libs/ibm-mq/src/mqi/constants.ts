/** Constants of the MQI, by their names without the prefix; the same on every platform. */
export const CompletionCode = { WARNING: 1, FAILED: 2 } as const;

export const ConnectOption = { HANDLE_SHARE_BLOCK: 0x40, RECONNECT_DISABLED: 0x2000000 } as const;

export const ObjectType = { QUEUE: 1, QUEUE_MANAGER: 5 } as const;

export const OpenOption = {
  INPUT_AS_Q_DEF: 0x1,
  INPUT_SHARED: 0x2,
  BROWSE: 0x8,
  OUTPUT: 0x10,
  INQUIRE: 0x20,
  SET_ALL_CONTEXT: 0x800,
  FAIL_IF_QUIESCING: 0x2000,
} as const;

export const GetOption = {
  WAIT: 0x1,
  SYNCPOINT: 0x2,
  BROWSE_FIRST: 0x10,
  BROWSE_NEXT: 0x20,
  MSG_UNDER_CURSOR: 0x100,
  FAIL_IF_QUIESCING: 0x2000,
  CONVERT: 0x4000,
  LOGICAL_ORDER: 0x8000,
  ALL_MSGS_AVAILABLE: 0x20000,
  PROPERTIES_FORCE_MQRFH2: 0x2000000,
} as const;

export const MATCH_NONE = 0;
export const MATCH_MSG_ID = 0x1;

export const PutOption = {
  SYNCPOINT: 0x2,
  NEW_MSG_ID: 0x40,
  SET_ALL_CONTEXT: 0x800,
  FAIL_IF_QUIESCING: 0x2000,
} as const;

export const ControlOperation = { START: 0x1, STOP: 0x4, SUSPEND: 0x10000, RESUME: 0x20000 } as const;

export const Selector = {
  CURRENT_Q_DEPTH: 3,
  Q_TYPE: 20,
  BACKOUT_THRESHOLD: 22,
  BASE_Q_NAME: 2002,
  DEAD_LETTER_Q_NAME: 2006,
  Q_MGR_NAME: 2015,
  BACKOUT_REQ_Q_NAME: 2019,
} as const;

export const QueueType = { ALIAS: 3 } as const;

export const Format = { NONE: '', STRING: 'MQSTR', DEAD_LETTER_HEADER: 'MQDEAD' } as const;

export const MessageType = { REQUEST: 1, REPLY: 2, REPORT: 4, DATAGRAM: 8 } as const;

export const GroupFlag = { IN_GROUP: 0x8, LAST: 0x10 } as const;

export const WAIT_UNLIMITED = -1;
export const EXPIRY_UNLIMITED = -1;
export const PRIORITY_AS_Q_DEF = -1;
export const ID_LENGTH = 24;
