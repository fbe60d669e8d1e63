import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  readonly name: string;
  /** CPU seconds so far, of the process and its ended children. */
  readonly cpuSeconds: number;
  /** Most resident memory so far, in MB. */
  readonly peakMegabytes: number;
}

/** Clock ticks per second of /proc; 100 on every Linux that Node.js runs on. */
const TICKS = 100;

/** Usage of all processes below one, from /proc, by process id. */
export function usageBelow(root: number): Map<number, ProcessUsage> {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const fields = statOf(pid);
    if (fields) parents.set(pid, Number(fields[1]));
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isBelow(parents.get(pid)));
  const usage = new Map<number, ProcessUsage>();
  for (const pid of parents.keys()) {
    if (!isBelow(pid)) continue;
    const fields = statOf(pid);
    if (!fields) continue;
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    usage.set(pid, {
      name: nameOf(pid),
      cpuSeconds: ticks / TICKS,
      peakMegabytes: megabytesOf(pid, 'VmHWM'),
    });
  }
  return usage;
}

/** Resident memory of a process now, in MB. */
export function residentMegabytes(pid: number): number {
  return megabytesOf(pid, 'VmRSS');
}

/** CPU seconds spent between two readings, by name. */
export function cpuBetween(
  before: ReadonlyMap<number, ProcessUsage>,
  after: ReadonlyMap<number, ProcessUsage>,
): Map<string, number> {
  const spent = new Map<string, number>();
  for (const [pid, { name, cpuSeconds }] of after) {
    const seconds = cpuSeconds - (before.get(pid)?.cpuSeconds ?? 0);
    spent.set(name, (spent.get(name) ?? 0) + seconds);
  }
  return spent;
}

/** The fields of /proc/PID/stat after the command: state, parent, … */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function megabytesOf(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1_024;
}

function nameOf(pid: number): string {
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  if (/postgres/.test(command)) return 'postgres';
  const [, app, broker] = /apps\/([\w-]+)\/|libs\/embedded-(\w+)\//.exec(command) ?? [];
  return app === 'stack' ? 'npm start' : (app ?? broker ?? command.slice(0, 30));
}
