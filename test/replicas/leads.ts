import { readFile } from 'node:fs/promises';

/** A time for which a process published the outbox of its service. */
export interface Lead {
  readonly pid: number;
  readonly from: string;
  /** Undefined when it still does. */
  to?: string;
}

/** Who published the outbox of a service and when, by the log that its replicas share; the first lead first. */
export async function leadsIn(log: string): Promise<Lead[]> {
  const leads: Lead[] = [];
  for (const line of (await readFile(log, 'utf8')).split('\n').filter((text) => text.startsWith('{'))) {
    const { pid, time, msg } = JSON.parse(line) as { pid: number; time: string; msg?: string };
    if (msg === 'Publishing the outbox') leads.push({ pid, from: time });
    if (msg !== 'No longer publishing the outbox') continue;
    const lead = leads.find((one) => one.pid === pid && one.to === undefined);
    if (lead) lead.to = time;
  }
  return leads;
}

/** Pairs of leads that were there at the same time. */
export const overlapping = (leads: readonly Lead[]): [Lead, Lead][] =>
  leads
    .toSorted((one, other) => one.from.localeCompare(other.from))
    .flatMap((lead, index, all): [Lead, Lead][] => {
      const next = all[index + 1];
      return next && (lead.to === undefined || lead.to > next.from) ? [[lead, next]] : [];
    });
