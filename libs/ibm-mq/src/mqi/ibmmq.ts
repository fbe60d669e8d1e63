import { createRequire } from 'node:module';
import { IbmMqLibraryError } from '../errors.js';

/** A connection handle. */
export interface QueueManagerHandle {
  readonly _name: string;
}

/** An open object. */
export interface ObjectHandle {
  readonly _name: string;
}

export interface MQError extends Error {
  readonly mqcc: number;
  readonly mqrc: number;
  readonly mqrcstr: string;
}

export interface MQCD {
  ChannelName: string;
  ConnectionName: string;
  MaxMsgLength: number;
  HeartbeatInterval: number;
  SSLCipherSpec: string;
  SSLPeerName: string;
}

export interface MQCSP {
  UserId: string;
  Password: string;
  Token: string;
}

export interface MQSCO {
  KeyRepository: string;
  KeyRepoPassword: string;
  CertificateLabel: string;
}

export interface MQCNO {
  Options: number;
  SecurityParms: MQCSP | null;
  CCDTUrl: string | null;
  ClientConn: MQCD | null;
  SSLConfig: MQSCO | null;
  ApplName: string | null;
}

export interface MQOD {
  ObjectType: number;
  ObjectName: string | null;
  ObjectQMgrName: string | null;
  SelectionString: string | null;
}

export interface MQMD {
  Report: number;
  MsgType: number;
  Expiry: number;
  Feedback: number;
  Encoding: number;
  CodedCharSetId: number;
  Format: string;
  Priority: number;
  Persistence: number;
  MsgId: Buffer;
  CorrelId: Buffer;
  BackoutCount: number;
  ReplyToQ: string;
  ReplyToQMgr: string;
  UserIdentifier: string;
  AccountingToken: Buffer;
  ApplIdentityData: string;
  PutApplType: number;
  PutApplName: string;
  PutDate: string;
  PutTime: string;
  ApplOriginData: string;
  GroupId: Buffer;
  MsgSeqNumber: number;
  MsgFlags: number;
}

export interface MQGMO {
  Options: number;
  WaitInterval: number;
  MatchOptions: number;
}

export interface MQPMO {
  Options: number;
}

export interface MQAttr {
  readonly selector: number;
  readonly value: number | string;
}

export interface MQDLH {
  Reason: number;
  DestQName: string;
  DestQMgrName: string;
  Encoding: number;
  CodedCharSetId: number;
  Format: string;
  PutApplType: number;
  PutApplName: string;
  PutDate: string;
  PutTime: string;
  getBuffer(): Buffer;
}

export type GetCallback = (
  error: MQError | undefined,
  object: ObjectHandle,
  options: MQGMO,
  descriptor: MQMD,
  data: Buffer | null,
) => void;

/** What this library uses of the package `ibmmq`, whose own types say less about numbers and nulls. */
export interface Mqi {
  readonly MQCD: new () => MQCD;
  readonly MQCSP: new () => MQCSP;
  readonly MQSCO: new () => MQSCO;
  readonly MQCNO: new () => MQCNO;
  readonly MQOD: new () => MQOD;
  readonly MQMD: new () => MQMD;
  readonly MQGMO: new () => MQGMO;
  readonly MQPMO: new () => MQPMO;
  readonly MQAttr: new (selector: number) => MQAttr;
  readonly MQDLH: new () => MQDLH;
  ConnxPromise(queueManager: string, options: MQCNO): Promise<QueueManagerHandle>;
  DiscSync(queueManager: QueueManagerHandle): void;
  OpenSync(
    queueManager: QueueManagerHandle,
    descriptor: MQOD,
    options: number,
    callback: (error: MQError | null, object: ObjectHandle) => void,
  ): void;
  CloseSync(object: ObjectHandle, options: number): void;
  Inq(object: ObjectHandle, selectors: MQAttr[]): void;
  PutSync(object: ObjectHandle, descriptor: MQMD, options: MQPMO, data: Buffer): void;
  Put1Sync(
    queueManager: QueueManagerHandle,
    object: MQOD,
    descriptor: MQMD,
    options: MQPMO,
    data: Buffer,
  ): void;
  GetSync(
    object: ObjectHandle,
    descriptor: MQMD,
    options: MQGMO,
    buffer: Buffer,
    callback: (error: MQError | null, length: number) => void,
  ): void;
  Get(object: ObjectHandle, descriptor: MQMD, options: MQGMO, callback: GetCallback): void;
  GetDone(object: ObjectHandle): void;
  Ctl(queueManager: QueueManagerHandle, operation: number): void;
  Cmit(queueManager: QueueManagerHandle): void;
  Back(queueManager: QueueManagerHandle): void;
  setTuningParameters(parameters: { useCtl: boolean; autoCtl: boolean; callbackStrategy: string }): void;
}

const require = createRequire(import.meta.url);
let loaded: Mqi | undefined;

/**
 * The package `ibmmq`, loaded at the first call, and with it IBM's client library. Both have state of the whole
 * process: only one JavaScript thread may load them, and the way of asynchronous consumption set here (`autoCtl:
 * false`) holds for all who use the package in the process.
 *
 * @throws IbmMqLibraryError when one of the two is missing.
 */
export function loadIbmmq(): Mqi {
  loaded ??= load();
  return loaded;
}

function load(): Mqi {
  // Trace context travels in headers that the application owns; the package's own hook would add another.
  process.env['MQIJS_NOOTEL'] ??= '1';
  let mqi: Mqi;
  try {
    mqi = require('ibmmq') as Mqi;
  } catch (error) {
    throw new IbmMqLibraryError(explain(error), { cause: error });
  }
  mqi.setTuningParameters({ useCtl: true, autoCtl: false, callbackStrategy: 'SYNCED' });
  return mqi;
}

function explain(error: unknown): string {
  const { code, message = String(error) } = error as { code?: string; message?: string };
  if (code === 'MODULE_NOT_FOUND') return 'The package "ibmmq" is not installed: npm install ibmmq';
  return (
    'The IBM MQ client library (libmqm_r) cannot be loaded. Run "node node_modules/ibmmq/postinstall.mjs" to download ' +
    "IBM's redistributable client, or install the IBM MQ client and put its lib64 on LD_LIBRARY_PATH " +
    `(DYLD_LIBRARY_PATH on macOS) before Node.js starts. The loader says: ${message}`
  );
}
