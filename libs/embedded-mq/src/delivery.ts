/** What a get hands over of a message: its properties where the caller wants them, its text converted. */
import { convertText, isLittleEndian } from './conversion.js';
import { Field, readName, writeName } from './message-descriptor.js';
import { GetOption, Property as Control, Reason } from './mqi-constants.js';
import { decodeProperties, encodeProperties, propertyValue } from './properties.js';
import { encodeRfh2, ENCODING_NATIVE, type Following, FORMAT_RFH2, isCompatible, splitRfh2 } from './rfh2.js';
import type { Lookup } from './selector.js';

const FORMAT_STRING = 'MQSTR';
/** How the names of formats begin that IBM MQ knows. */
const BUILT_IN = 'MQ';
const CCSID_UTF8 = 1208;
const NOTHING = Buffer.alloc(0);

export interface Message {
  descriptor: Buffer;
  properties: Buffer;
  data: Buffer;
}

export interface DeliveryOptions {
  /** MQGMO_* */
  options: number;
  hasHandle: boolean;
  /** PROPCTL of the queue that was opened. */
  propertyControl: number;
  /** The CCSID the caller asks for; 0 for the queue manager's. */
  targetCcsid: number;
  queueManagerCcsid: number;
  /** Bytes there is room for; Infinity for any number. */
  room: number;
}

export interface PreparedMessage extends Message {
  /** NONE, or a warning: the text is not converted. */
  reason: number;
}

/** Where properties go: to the message handle, into an MQRFH2 in front of the data, or nowhere. */
type Placement = 'handle' | 'header' | 'header if compatible' | 'nowhere';

function placement({ options, hasHandle, propertyControl }: DeliveryOptions): Placement {
  if (options & GetOption.PROPERTIES_FORCE_MQRFH2) return 'header';
  if (options & GetOption.NO_PROPERTIES) return 'nowhere';
  if (options & GetOption.PROPERTIES_IN_HANDLE) return 'handle';
  if (options & GetOption.PROPERTIES_COMPATIBILITY) return 'header if compatible';
  if (propertyControl === Control.FORCE_MQRFH2) return 'header';
  if (hasHandle) return 'handle';
  if (propertyControl === Control.ALL) return 'header';
  return propertyControl === Control.NONE ? 'nowhere' : 'header if compatible';
}

/** @param message as it was put, with a descriptor that may be changed */
export function prepareDelivery(message: Message, options: DeliveryOptions): PreparedMessage {
  const placed = place(message, placement(options));
  if (!(options.options & GetOption.CONVERT)) return { ...placed, reason: Reason.NONE };
  return convert(placed, options);
}

/** The values by which a selector knows a message: its properties, in whatever form it carries them. */
export function propertyLookup({ descriptor, properties, data }: Message): Lookup {
  const all = [
    ...decodeProperties(properties),
    ...splitRfh2({ ...followingOf(descriptor), data }).properties,
  ];
  return (name) => {
    const property = all.find((candidate) => candidate.name === name);
    return property && propertyValue(property);
  };
}

function followingOf(descriptor: Buffer): Following {
  return {
    encoding: descriptor.readInt32LE(Field.Encoding),
    ccsid: descriptor.readInt32LE(Field.CodedCharSetId),
    format: readName(descriptor, Field.Format, 8),
  };
}

function describe(descriptor: Buffer, { encoding, ccsid, format }: Following): void {
  descriptor.writeInt32LE(encoding, Field.Encoding);
  descriptor.writeInt32LE(ccsid, Field.CodedCharSetId);
  writeName(descriptor, Field.Format, 8, format);
}

function place(message: Message, where: Placement): Message {
  const { descriptor, properties, data } = message;
  const following = followingOf(descriptor);
  if (where === 'handle' || where === 'nowhere') {
    if (following.format !== FORMAT_RFH2)
      return where === 'handle' ? message : { ...message, properties: NOTHING };
    const split = splitRfh2({ ...following, data });
    describe(descriptor, split.following);
    const all =
      where === 'handle' ? Buffer.concat([properties, encodeProperties(split.properties)]) : NOTHING;
    return { descriptor, properties: all, data: split.data };
  }
  const list = decodeProperties(properties);
  if (list.length === 0 || (where === 'header if compatible' && !isCompatible(list))) {
    return { descriptor, properties: NOTHING, data };
  }
  const header = encodeRfh2(list, following);
  describe(descriptor, { encoding: ENCODING_NATIVE, ccsid: CCSID_UTF8, format: FORMAT_RFH2 });
  return { descriptor, properties: NOTHING, data: Buffer.concat([header, data]) };
}

function convert(
  message: Message,
  { targetCcsid, queueManagerCcsid, room }: DeliveryOptions,
): PreparedMessage {
  const { descriptor, data } = message;
  const { encoding, ccsid, format } = followingOf(descriptor);
  const target = targetCcsid > 0 ? targetCcsid : queueManagerCcsid;
  const sameText = ccsid <= 0 || ccsid === target;
  const unchanged = (reason: number): PreparedMessage => ({ ...message, reason });
  if (format !== FORMAT_STRING) {
    // Only text is converted here; other formats are handed over as they are, with a word if they differ.
    if (data.length === 0 || (sameText && isLittleEndian(encoding))) return unchanged(Reason.NONE);
    return unchanged(format.startsWith(BUILT_IN) ? Reason.NOT_CONVERTED : Reason.FORMAT_ERROR);
  }
  if (sameText || data.length === 0) return unchanged(Reason.NONE);
  const converted = convertText(data, ccsid, encoding, target);
  if ('unknown' in converted) {
    return unchanged(converted.unknown === 'source' ? Reason.SOURCE_CCSID_ERROR : Reason.TARGET_CCSID_ERROR);
  }
  if ('unrepresentable' in converted) return unchanged(Reason.NOT_CONVERTED);
  if (data.length <= room && converted.data.length > room) return unchanged(Reason.CONVERTED_MSG_TOO_BIG);
  describe(descriptor, { encoding: ENCODING_NATIVE, ccsid: target, format });
  return { ...message, data: converted.data, reason: Reason.NONE };
}
