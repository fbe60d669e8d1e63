import { setTimeout as sleep } from 'node:timers/promises';
import { crashOrder } from '@orderbridge/crash-points';
import { until } from '@orderbridge/running-stack';
import { ForgedPartner } from '../link/forged-partner.js';
import type { Link } from '../link/link.js';
import type { Shopping } from '../load/shopping.js';
import { restoredBy, type Fault, type Victim } from '../plan/fault.js';
import type { ChaosSystem } from './chaos-system.js';
import { familyOf, isAlive, signal } from './processes.js';
import { restoreDatabases } from './restore-databases.js';
import { portsOf } from './sockets.js';
import { deleteTopic, putHostileRecord } from './strike-kafka.js';
import { maintain, rotatePassword } from './strike-postgres.js';

/** Milliseconds within which a process comes to a crash point, or answers to be lost come along. */
const PATIENCE = 20_000;

/** Whom a fault concerns besides the system. */
export interface Bystanders {
  readonly shopping: Pick<Shopping, 'cancelUnderWay'>;
  /** Ids of messages that nobody can handle. */
  readonly poison: Set<string>;
}

/**
 * Lets a fault happen to the system; resolves when it is over, which for a process that died is its death, with whether
 * it really happened: an answer was there to be lost, a process came to the crash point, the full disk was noticed.
 */
export async function strike(system: ChaosSystem, fault: Fault, bystanders: Bystanders): Promise<boolean> {
  switch (fault.kind) {
    case 'kill': {
      const pid = await livingPid(system, fault.victim);
      if (pid === undefined) return false;
      signal([pid], 'SIGKILL');
      await until(
        () => isAlive(pid),
        (alive) => !alive,
        5,
      );
      return true;
    }
    case 'crash': {
      const order = await system.orderCrash(fault.victim, crashOrder(fault.point, fault.hit));
      const end = performance.now() + PATIENCE;
      while ((await order.pending()) && performance.now() < end) await sleep(10);
      if (!(await order.pending())) return true;
      await system.cancelCrash(order.pid);
      return false;
    }
    case 'freeze': {
      const pid = await livingPid(system, fault.victim);
      if (pid === undefined) return false;
      const pids = familyOf(pid);
      signal(pids, 'SIGSTOP');
      await sleep(fault.seconds * 1_000);
      signal(pids, 'SIGCONT');
      return true;
    }
    case 'disk-full':
      return fillDisk(system, fault.disk, fault.seconds);
    case 'half-open':
      return disturb(system, fault, fault.share, (link, share) =>
        fault.unaware === 'service' ? link.loseServer(share) : link.loseClients(share),
      );
    case 'delay':
      return disturb(system, fault, fault.milliseconds, (link, milliseconds) => link.delay(milliseconds));
    case 'drop':
      return disturb(system, fault, fault.share, (link, share) => link.drop(share));
    case 'away':
      return disturb(system, fault, 1, (link, share) => link.drop(share));
    case 'lost-reply': {
      const link = system.link(fault.link);
      const before = link.hits;
      link.loseReplies(fault.replies);
      const end = performance.now() + PATIENCE;
      while (link.repliesToLose > 0 && performance.now() < end) await sleep(10);
      link.loseReplies(0);
      return link.hits > before;
    }
    case 'garbage':
      return answerGarbage(system, fault);
    case 'cut-off':
      return cutOff(system, fault, bystanders);
    case 'topic deleted':
      return deleteTopic(system, fault.topic);
    case 'hostile record': {
      const id = await putHostileRecord(system, fault.record);
      if (id !== undefined) bystanders.poison.add(id);
      return true;
    }
    case 'password':
      return rotatePassword(system, fault.seconds);
    case 'certificate':
      return expireCertificate(system, fault.seconds);
    case 'maintenance':
      return maintain(system, fault);
    case 'restore':
      return restoreDatabases(system, restoredBy(fault), fault.seconds);
    default:
      throw new Error(`Unknown fault ${JSON.stringify(fault)}.`);
  }
}

/** The process, which may just be starting again; undefined when it does not. */
async function livingPid(system: ChaosSystem, victim: Victim): Promise<number | undefined> {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    const pid = await system.stack.pid(victim);
    if (isAlive(pid)) return pid;
    await sleep(10);
  }
  return undefined;
}

type LinkFault = Extract<Fault, { link: unknown; seconds: number }>;

/** Lets a link be bad by so much for its time, and then good again. */
async function disturb(
  system: ChaosSystem,
  { link: name, seconds }: LinkFault,
  amount: number,
  set: (link: Link, amount: number) => void,
): Promise<boolean> {
  const link = system.link(name);
  const before = link.hits;
  set(link, amount);
  await sleep(seconds * 1_000);
  set(link, 0);
  return link.hits > before;
}

async function answerGarbage(
  system: ChaosSystem,
  { link: name, garbage, asked, seconds }: Extract<Fault, { kind: 'garbage' }>,
): Promise<boolean> {
  const link = system.link(name);
  const forged = await ForgedPartner.open(asked ? link.target : undefined, garbage);
  link.divert(forged.port);
  await sleep(seconds * 1_000);
  const end = performance.now() + PATIENCE;
  while (forged.answered === 0 && performance.now() < end) await sleep(10);
  link.divert(undefined);
  await forged.close();
  return forged.answered > 0;
}

/** Orders that customers cancel while order hears nothing of them, and when: their parcels are delivered by then. */
const LATE_CANCELLATIONS = 5;
const DELIVERED_BY_MS = 5_000;

async function cutOff(
  system: ChaosSystem,
  { service, link: name, seconds }: Extract<Fault, { kind: 'cut-off' }>,
  { shopping }: Bystanders,
): Promise<boolean> {
  const link = system.link(name);
  const before = link.hits;
  const pid = await livingPid(system, service);
  if (pid === undefined) return false;
  link.cutOff((port) => portsOf(pid).has(port));
  await sleep(Math.min(DELIVERED_BY_MS, seconds * 1_000));
  if (service === 'order') await shopping.cancelUnderWay(LATE_CANCELLATIONS);
  await sleep(Math.max(0, seconds * 1_000 - DELIVERED_BY_MS));
  link.cutOff(undefined);
  return link.hits > before;
}

async function expireCertificate(system: ChaosSystem, seconds: number): Promise<boolean> {
  const link = system.link('postgres');
  const before = link.hits;
  system.certificates.show('expired');
  // Who is connected does not look at it again.
  link.drop(1);
  link.drop(0);
  await sleep(seconds * 1_000);
  system.certificates.show('server');
  return link.hits > before;
}

const NO_SPACE = /ENOSPC|no space left|could not extend|disk is full/i;

/** Waits until the process complains before the time counts. */
async function fillDisk(
  system: ChaosSystem,
  name: Extract<Fault, { kind: 'disk-full' }>['disk'],
  seconds: number,
): Promise<boolean> {
  const disk = system.disks.get(name);
  if (!disk) return false;
  const length = await system.logLength(name);
  const noticed = async (): Promise<boolean> => NO_SPACE.test(await system.logSince(name, length));
  const end = performance.now() + PATIENCE;
  try {
    while (!(await noticed()) && performance.now() < end) {
      // What the process deletes or truncates is filled as well.
      await disk.fill();
      await sleep(100);
    }
    await sleep(seconds * 1_000);
    return await noticed();
  } finally {
    await disk.free();
  }
}
