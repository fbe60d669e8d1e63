// A program that uses the unmodified `ibmmq` and does what its parent asks over IPC: mq-client.ts is the
// other end. `ibmmq` must be loaded once per process and never in a jest context, so tests drive it from here.
import { createRequire } from 'node:module';

const mq = createRequire(import.meta.url)('ibmmq');
const { MQC } = mq;

const connections = new Map();
const objects = new Map();
const handles = new Map();
/** The names of the objects that are consumed from. */
const consumed = new Set();
/** False once deliveries may still be on their way, or the package is not in its initial state. */
let reusable = true;

/** ['SYNCPOINT', 'WAIT'] and 'MQGMO_' to a number. */
function options(prefix, names = []) {
  return names.reduce((all, name) => {
    const value = MQC[prefix + name];
    if (value === undefined) throw new TypeError(`${prefix}${name} is not a constant`);
    return all | value;
  }, 0);
}

/** Calls an asynchronous verb; the callback's results become one value. */
function verb(call, ...args) {
  return new Promise((resolve, reject) => {
    call(...args, (error, ...results) => (error ? reject(error) : resolve(results[0])));
  });
}

function descriptor(fields = {}) {
  const md = new mq.MQMD();
  for (const [field, value] of Object.entries(fields)) {
    md[field] = md[field] instanceof Buffer ? Buffer.from(value, 'hex') : value;
  }
  return md;
}

/** Buffers as hexadecimal text, for IPC. */
function plain(structure) {
  return Object.fromEntries(
    Object.entries(structure).map(([field, value]) => [
      field,
      value instanceof Buffer ? value.toString('hex') : typeof value === 'bigint' ? Number(value) : value,
    ]),
  );
}

function body(args) {
  if (args.hex !== undefined) return Buffer.from(args.hex, 'hex');
  return args.size === undefined ? Buffer.from(args.body ?? '') : Buffer.alloc(args.size, 'x');
}

function setProperties(connection, handle, properties) {
  for (const [name, value] of Object.entries(properties)) {
    const given = value?.hex === undefined ? value : Buffer.from(value.hex, 'hex');
    mq.SetMp(connection, handle, new mq.MQSMPO(), name, new mq.MQPD(), given);
  }
}

function readProperties(connection, handle) {
  const result = {};
  const impo = new mq.MQIMPO();
  const value = Buffer.alloc(4096);
  impo.Options = MQC.MQIMPO_CONVERT_VALUE | MQC.MQIMPO_INQ_FIRST;
  const readOne = () => {
    let found = false;
    mq.InqMp(connection, handle, impo, new mq.MQPD(), '%', value, (error, name, converted, length, type) => {
      if (error && error.mqrc !== MQC.MQRC_PROPERTY_NOT_AVAILABLE) throw error;
      if (error) return;
      found = true;
      result[name] =
        type === MQC.MQTYPE_BYTE_STRING ? { hex: value.toString('hex', 0, length) } : (converted ?? null);
    });
    impo.Options = MQC.MQIMPO_CONVERT_VALUE | MQC.MQIMPO_INQ_NEXT;
    return found;
  };
  while (readOne());
  return result;
}

function putOptions(args, connection) {
  const pmo = new mq.MQPMO();
  pmo.Options = options('MQPMO_', args.options);
  let handle;
  if (args.properties) {
    handle = mq.CrtMh(connection, new mq.MQCMHO());
    setProperties(connection, handle, args.properties);
    pmo.OriginalMsgHandle = handle;
  }
  return { pmo, release: () => handle && mq.DltMh(connection, handle, new mq.MQDMHO()) };
}

function getOptions(args, connection) {
  const gmo = new mq.MQGMO();
  gmo.Options = options('MQGMO_', args.options);
  gmo.MatchOptions = options('MQMO_', args.match);
  gmo.WaitInterval = args.wait ?? 0;
  if (args.handle) {
    gmo.MsgHandle = mq.CrtMh(connection, new mq.MQCMHO());
    handles.set(args.object, gmo.MsgHandle);
  }
  return gmo;
}

function objectDescriptor(args) {
  const od = new mq.MQOD();
  od.ObjectName = args.name ?? null;
  if (args.topic) od.ObjectString = args.topic;
  if (args.dynamicName) od.DynamicQName = args.dynamicName;
  od.ObjectType = MQC[`MQOT_${args.type ?? 'Q'}`];
  if (args.queueManager) od.ObjectQMgrName = args.queueManager;
  if (args.selection) od.SelectionString = args.selection;
  return od;
}

/** Takes everything from an open queue. */
function drain(queue) {
  const gmo = new mq.MQGMO();
  gmo.Options = options('MQGMO_', ['NO_SYNCPOINT', 'ACCEPT_TRUNCATED_MSG', 'NO_PROPERTIES']);
  gmo.MatchOptions = MQC.MQMO_NONE;
  const buffer = Buffer.alloc(16);
  for (let reason = 0; reason !== MQC.MQRC_NO_MSG_AVAILABLE;) {
    mq.GetSync(queue, new mq.MQMD(), gmo, buffer, (error) => {
      reason = error?.mqrc ?? 0;
      if (error?.mqcc === MQC.MQCC_FAILED && reason !== MQC.MQRC_NO_MSG_AVAILABLE) throw error;
    });
  }
}

/** Carries on after failures: what is to be tidied may be in any state. */
async function attempt(action) {
  try {
    await action();
  } catch {
    // Nothing depends on it.
  }
}

const verbs = {
  async connect({
    connection = 'c',
    queueManager = 'QM1',
    user,
    password,
    address,
    channel,
    application,
    share,
    heartbeat,
  }) {
    const cno = new mq.MQCNO();
    if (share) cno.Options = MQC[`MQCNO_HANDLE_SHARE_${share}`];
    if (application) cno.ApplName = application;
    if (user !== undefined) {
      cno.SecurityParms = new mq.MQCSP();
      cno.SecurityParms.UserId = user;
      cno.SecurityParms.Password = password;
    }
    if (address) {
      cno.ClientConn = new mq.MQCD();
      cno.ClientConn.ConnectionName = address;
      cno.ClientConn.ChannelName = channel ?? 'SYSTEM.DEF.SVRCONN';
      if (heartbeat !== undefined) cno.ClientConn.HeartbeatInterval = heartbeat;
    }
    connections.set(connection, await verb(mq.Connx, queueManager, cno));
  },
  async disconnect({ connection = 'c' }) {
    await verb(mq.Disc, connections.get(connection));
  },
  async open(args) {
    const { connection = 'c', object = args.name } = args;
    const owner = connections.get(connection);
    const od = objectDescriptor(args);
    const opened = await verb(mq.Open, owner, od, options('MQOO_', args.options));
    objects.set(object, { object: opened, connection: owner });
    return { name: od.ObjectName, resolved: od.ResolvedQName };
  },
  async subscribe({ connection = 'c', object, topic }) {
    const owner = connections.get(connection);
    const sd = new mq.MQSD();
    sd.ObjectString = topic;
    sd.Options = options('MQSO_', ['CREATE', 'NON_DURABLE', 'MANAGED']);
    objects.set(object, { object: await verb(mq.Sub, owner, null, sd), connection: owner });
  },
  async close({ object }) {
    await verb(mq.Close, objects.get(object).object, 0);
  },
  async put(args) {
    const { object, connection } = objects.get(args.object);
    const md = descriptor(args.descriptor);
    const { pmo, release } = putOptions(args, connection);
    const data = body(args);
    try {
      for (let i = 0; i < (args.times ?? 1); i++) {
        if (args.numbered) data.writeUInt32BE(i + args.numbered, 0);
        await verb(mq.Put, object, md, pmo, data);
      }
    } finally {
      release();
    }
    return { descriptor: plain(md), resolved: pmo.ResolvedQName };
  },
  async put1(args) {
    const connection = connections.get(args.connection ?? 'c');
    const md = descriptor(args.descriptor);
    const { pmo, release } = putOptions(args, connection);
    try {
      await verb(mq.Put1, connection, objectDescriptor(args), md, pmo, body(args));
    } finally {
      release();
    }
    return { descriptor: plain(md) };
  },
  get(args) {
    const { object, connection } = objects.get(args.object);
    const md = descriptor(args.descriptor);
    const gmo = getOptions(args, connection);
    const buffer = Buffer.alloc(args.bufferLength ?? 64 * 1024);
    let warning;
    let length;
    mq.GetSync(object, md, gmo, buffer, (error, dataLength) => {
      if (error && error.mqcc === MQC.MQCC_FAILED) throw error;
      warning = error?.mqrc ?? 0;
      length = dataLength;
    });
    const result = {
      body: buffer.toString('latin1', 0, Math.min(length, buffer.length)),
      length,
      warning,
      descriptor: plain(md),
    };
    if (args.handle) {
      result.properties = readProperties(connection, gmo.MsgHandle);
      mq.DltMh(connection, gmo.MsgHandle, new mq.MQDMHO());
    }
    return result;
  },
  async deadLetter({ object, body: data, destination, reason }) {
    const md = descriptor({ Format: MQC.MQFMT_STRING, CodedCharSetId: 1208 });
    const header = new mq.MQDLH(md);
    header.Reason = reason;
    header.DestQName = destination;
    const message = Buffer.concat([header.getBuffer(), Buffer.from(data)]);
    await verb(mq.Put, objects.get(object).object, md, new mq.MQPMO(), message);
  },
  getDeadLetter({ object }) {
    const md = new mq.MQMD();
    const buffer = Buffer.alloc(4096);
    let length;
    mq.GetSync(objects.get(object).object, md, new mq.MQGMO(), buffer, (error, dataLength) => {
      if (error) throw error;
      length = dataLength;
    });
    const header = mq.MQDLH.getHeader(buffer);
    return {
      format: md.Format,
      header: plain(header),
      body: buffer.toString('utf8', header.StrucLength, length),
    };
  },
  commit({ connection = 'c' }) {
    mq.Cmit(connections.get(connection));
  },
  backout({ connection = 'c' }) {
    mq.Back(connections.get(connection));
  },
  begin({ connection = 'c' }) {
    mq.Begin(connections.get(connection));
  },
  stat({ connection = 'c' }) {
    let status;
    mq.Stat(connections.get(connection), MQC.MQSTAT_TYPE_ASYNC_ERROR, (error, result) => {
      if (error) throw error;
      status = plain(result);
    });
    return status;
  },
  inquire({ object, selectors }) {
    const attributes = selectors.map((name) => new mq.MQAttr(MQC[name]));
    mq.Inq(objects.get(object).object, attributes);
    const text = (value) => (typeof value === 'string' ? value.trimEnd() : value);
    return Object.fromEntries(attributes.map((attribute, i) => [selectors[i], text(attribute.value)]));
  },
  set({ object, values }) {
    const attributes = Object.entries(values).map(([name, value]) => new mq.MQAttr(MQC[name], value));
    mq.Set(objects.get(object).object, attributes);
  },
  tune({ parameters }) {
    reusable = false;
    mq.setTuningParameters(parameters);
  },
  /** Each delivery becomes an event; `then` lists what the callback does itself, before it returns. */
  consume(args) {
    const { object, connection } = objects.get(args.object);
    let count = 0;
    consumed.add(args.object);
    reusable = false;
    mq.Get(
      object,
      descriptor(args.descriptor),
      getOptions(args, connection),
      (error, _object, _gmo, md, data) => {
        if (error) {
          process.send({ event: 'failure', object: args.object, reason: error.mqrc });
          return;
        }
        count++;
        const delivery = {
          event: 'message',
          object: args.object,
          body: data.toString('latin1'),
          descriptor: plain(md),
        };
        if (args.handle) delivery.properties = readProperties(connection, handles.get(args.object));
        process.send(delivery);
        if (args.resumeUntil !== undefined && count < args.resumeUntil) mq.Ctl(connection, MQC.MQOP_RESUME);
      },
    );
  },
  stopConsuming({ object }) {
    consumed.delete(object);
    mq.GetDone(objects.get(object).object);
  },
  control({ connection = 'c', operation }) {
    mq.Ctl(connections.get(connection), MQC[`MQOP_${operation}`]);
  },
  /** Empties queues and sets back what a test may have set. */
  async clear({ connection = 'c', queues }) {
    for (const name of queues) {
      const queue = await verb(
        mq.Open,
        connections.get(connection),
        objectDescriptor({ name }),
        options('MQOO_', ['INPUT_AS_Q_DEF', 'SET']),
      );
      mq.Set(queue, [
        new mq.MQAttr(MQC.MQIA_INHIBIT_GET, 0),
        new mq.MQAttr(MQC.MQIA_INHIBIT_PUT, 0),
        new mq.MQAttr(MQC.MQCA_TRIGGER_DATA, ' '),
      ]);
      drain(queue);
      await verb(mq.Close, queue, 0);
    }
  },
  /** Leaves nothing open and nothing uncommitted; tells whether another test can go on from here. */
  async reset() {
    for (const connection of connections.values()) {
      await attempt(() => mq.Ctl(connection, MQC.MQOP_STOP));
    }
    for (const name of consumed) await attempt(() => mq.GetDone(objects.get(name).object));
    for (const connection of connections.values()) {
      await attempt(() => mq.Back(connection));
      await attempt(() => verb(mq.Disc, connection));
    }
    consumed.clear();
    objects.clear();
    handles.clear();
    connections.clear();
    return reusable;
  },
};

async function answer({ id, name, args }) {
  try {
    const result = await verbs[name](args);
    process.send({ id, result });
  } catch (error) {
    process.send({ id, error: { reason: error.mqrc, completion: error.mqcc, message: error.message } });
  }
}

process.on('message', (request) => void answer(request));
process.on('disconnect', () => process.exit());
process.send({ event: 'ready' });
