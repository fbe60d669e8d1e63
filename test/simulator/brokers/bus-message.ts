/** A message as a broker keeps it. */
export interface BusMessage {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sees each message when a broker takes it. */
export type Wiretap = (place: string, message: BusMessage) => void;
