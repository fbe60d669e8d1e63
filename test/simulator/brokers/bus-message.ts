/** A message as a broker keeps it. */
export interface BusMessage {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sees each message when a broker takes it. */
export type Wiretap = (place: string, message: BusMessage) => void;

/** Whether it was put there by somebody who does not know the contracts. */
export const isGarbage = ({ headers }: Pick<BusMessage, 'headers'>): boolean => 'garbage' in headers;
