import type * as ibmmq from 'ibmmq';
import { loadIbmmq, type MQMD, type ObjectHandle, type QueueManagerHandle } from '../../src/mqi/ibmmq.js';
import { serve } from './channel.js';

/** Uses the MQI as another program would: descriptors, bytes and properties as they are. */
const mqi = loadIbmmq();
/** With message handles, which the library does without. */
const all = mqi as unknown as typeof ibmmq;
let queueManager: QueueManagerHandle;
const opened = new Map<string, ObjectHandle>();

async function open(queue: string, options: number): Promise<ObjectHandle> {
  const key = `${queue}/${options}`;
  let handle = opened.get(key);
  if (!handle) {
    const descriptor = new mqi.MQOD();
    descriptor.ObjectType = 1;
    descriptor.ObjectName = queue;
    handle = (await all.OpenPromise(
      queueManager,
      descriptor as ibmmq.MQOD,
      options,
    )) as unknown as ObjectHandle;
    opened.set(key, handle);
  }
  return handle;
}

type Property = string | number | boolean | Buffer | null;

export interface RawMessage {
  readonly queue: string;
  /** Set one by one with MQSETMP. */
  readonly properties?: Readonly<Record<string, Exclude<Property, Buffer>>>;
  /** Base64. */
  readonly data: string;
  readonly descriptor?: Record<string, number | string>;
}

const PROPERTIES_IN_HANDLE = 0x8000000;
const INQUIRE_NEXT = 0x8;
const CONVERT_VALUE = 0x20;

function messageHandle(properties: NonNullable<RawMessage['properties']>): ibmmq.HMSG {
  const connection = queueManager as unknown as ibmmq.MQQueueManager;
  const handle = all.CrtMh(connection, new all.MQCMHO()) as ibmmq.HMSG;
  for (const [name, value] of Object.entries(properties)) {
    all.SetMp(connection, handle, new all.MQSMPO(), name, new all.MQPD(), value);
  }
  return handle;
}

/** Names, values and types (MQTYPE) of all properties. */
function propertiesOf(handle: ibmmq.HMSG): Record<string, [value: Property, type: unknown]> {
  const properties: Record<string, [Property, unknown]> = {};
  const options = new all.MQIMPO();
  let found: string | undefined;
  do {
    options.Options = (found === undefined ? 0 : INQUIRE_NEXT) | CONVERT_VALUE;
    found = undefined;
    const buffer = Buffer.alloc(1024);
    all.InqMp(
      queueManager,
      handle,
      options,
      new all.MQPD(),
      '%',
      buffer,
      (error, name, value, length, type) => {
        if (error) return;
        found = name;
        properties[name] = [Buffer.isBuffer(value) ? value.toString('hex', 0, length) : value, type];
      },
    );
  } while (found !== undefined);
  return properties;
}

serve({
  async connect(address: string) {
    const options = new mqi.MQCNO();
    options.Options = 0x40;
    const channel = new mqi.MQCD();
    channel.ConnectionName = address;
    channel.ChannelName = 'SYSTEM.DEF.SVRCONN';
    options.ClientConn = channel;
    queueManager = await mqi.ConnxPromise('', options);
  },
  async put({ queue, data, descriptor = {}, properties = {} }: RawMessage) {
    const message = new mqi.MQMD();
    for (const [field, value] of Object.entries(descriptor)) {
      const isIdentifier = field === 'MsgId' || field === 'CorrelId';
      (message as unknown as Record<string, unknown>)[field] = isIdentifier
        ? Buffer.from(String(value), 'hex')
        : value;
    }
    const options = new mqi.MQPMO() as InstanceType<typeof mqi.MQPMO> & { OriginalMsgHandle: unknown };
    options.Options = 0x4;
    if (Object.keys(properties).length > 0) options.OriginalMsgHandle = messageHandle(properties);
    mqi.PutSync(await open(queue, 0x10), message, options, Buffer.from(data, 'base64'));
    return message.MsgId.toString('hex');
  },
  /** Takes a message as JMS programs do: the properties, each with its type, and the rest. */
  async getWithProperties(queue: string) {
    const descriptor = new mqi.MQMD();
    const options = new mqi.MQGMO() as InstanceType<typeof mqi.MQGMO> & { MsgHandle: unknown };
    options.Options = 0x4 | PROPERTIES_IN_HANDLE;
    options.MatchOptions = 0;
    options.MsgHandle = messageHandle({});
    const buffer = Buffer.alloc(1024 * 1024);
    let taken = 0;
    mqi.GetSync(await open(queue, 0x2), descriptor, options, buffer, (error, length) => {
      if (error) throw error;
      taken = length;
    });
    return {
      text: buffer.toString('utf8', 0, taken),
      format: descriptor.Format,
      characterSet: descriptor.CodedCharSetId,
      properties: propertiesOf(options.MsgHandle as ibmmq.HMSG),
    };
  },
  /** Takes a message with its properties in an MQRFH2; null when there is none. */
  async get(queue: string) {
    const descriptor: MQMD = new mqi.MQMD();
    const options = new mqi.MQGMO();
    options.Options = 0x4 | 0x2000000;
    options.MatchOptions = 0;
    const buffer = Buffer.alloc(1024 * 1024);
    const handle = await open(queue, 0x2);
    let taken: number | undefined;
    mqi.GetSync(handle, descriptor, options, buffer, (error, length) => {
      if (error && error.mqrc !== 2033) throw error;
      taken = error ? undefined : length;
    });
    if (taken === undefined) return null;
    return {
      data: buffer.toString('base64', 0, taken),
      descriptor: {
        ...descriptor,
        MsgId: descriptor.MsgId.toString('hex'),
        CorrelId: descriptor.CorrelId.toString('hex'),
      },
    };
  },
});
