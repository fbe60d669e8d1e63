import { readFile } from 'node:fs/promises';

/** A time for which a process published what the outbox of its service had for a broker. */
export interface Lead {
  readonly broker: string;
  readonly pid: number;
  readonly from: string;
  /** Undefined when it still does. */
  to?: string;
}

/** Who published the outbox of a service, for which broker and when, by the log that its replicas share. */
export async function leadsIn(log: string): Promise<Lead[]> {
  const leads: Lead[] = [];
  for (const line of (await readFile(log, 'utf8')).split('\n').filter((text) => text.startsWith('{'))) {
    const { pid, time, msg, broker } = JSON.parse(line) as Record<'msg' | 'broker', string | undefined> & {
      pid: number;
      time: string;
    };
    if (broker === undefined) continue;
    if (msg === 'Publishing the outbox') leads.push({ broker, pid, from: time });
    if (msg !== 'No longer publishing the outbox') continue;
    const lead = leads.find((one) => one.pid === pid && one.broker === broker && one.to === undefined);
    if (lead) lead.to = time;
  }
  return leads;
}

/** Pairs of leads of the same lane that were there at the same time. */
export function overlapping(leads: readonly Lead[]): [Lead, Lead][] {
  const ordered = leads.toSorted((one, other) => one.from.localeCompare(other.from));
  return ordered.flatMap((lead, index): [Lead, Lead][] => {
    const next = ordered.slice(index + 1).find(({ broker }) => broker === lead.broker);
    return next && (lead.to === undefined || lead.to > next.from) ? [[lead, next]] : [];
  });
}
