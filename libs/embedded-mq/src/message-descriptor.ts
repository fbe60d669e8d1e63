/** The MQMD, version 2, as it lies in the memory of a little-endian machine. */

export const DESCRIPTOR_LENGTH = 364;
export const ID_LENGTH = 24;

/** Byte offsets of the fields. */
export const Field = {
  Report: 8,
  MsgType: 12,
  Expiry: 16,
  Feedback: 20,
  Encoding: 24,
  CodedCharSetId: 28,
  Format: 32,
  Priority: 40,
  Persistence: 44,
  MsgId: 48,
  CorrelId: 72,
  BackoutCount: 96,
  ReplyToQ: 100,
  ReplyToQMgr: 148,
  UserIdentifier: 196,
  AccountingToken: 208,
  ApplIdentityData: 240,
  PutApplType: 272,
  PutApplName: 276,
  PutDate: 304,
  PutTime: 312,
  ApplOriginData: 320,
  GroupId: 324,
  MsgSeqNumber: 348,
  Offset: 352,
  MsgFlags: 356,
  OriginalLength: 360,
} as const;

export function writeName(target: Buffer, offset: number, length: number, text: string): void {
  target.fill(0x20, offset, offset + length);
  target.write(text, offset, length, 'latin1');
}

export function readName(source: Buffer, offset: number, length: number): string {
  const field = source.toString('latin1', offset, offset + length);
  const end = field.indexOf('\0');
  return (end < 0 ? field : field.slice(0, end)).trimEnd();
}

/** PutDate (YYYYMMDD) and PutTime (HHMMSSTH, hundredths of a second), in UTC. */
export function writePutTime(target: Buffer, time: Date): void {
  const iso = time.toISOString(); // 2026-01-31T12:34:56.789Z
  writeName(target, Field.PutDate, 8, iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10));
  writeName(
    target,
    Field.PutTime,
    8,
    iso.slice(11, 13) + iso.slice(14, 16) + iso.slice(17, 19) + iso.slice(20, 22),
  );
}

/** A 32-bit hash (FNV-1a) of the identifier at `offset`; equal identifiers have equal hashes. */
export function hashId(source: Buffer, offset: number): number {
  let hash = 0x811c9dc5;
  for (let i = offset; i < offset + ID_LENGTH; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
  return hash | 0;
}

export function isZeroId(source: Buffer, offset: number): boolean {
  for (let i = offset; i < offset + ID_LENGTH; i++) if (source[i] !== 0) return false;
  return true;
}
