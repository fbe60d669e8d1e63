import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop } from '../load/closed-loop.js';
import { allGood } from '../load/order-kinds.js';
import { percentile } from '../load/statistics.js';
import { SteadyLoad } from '../load/steady-load.js';
import type { Part } from './part.js';

const LOAD = 0.7;
const OUTAGE_SECONDS = 60;
const SETTLE_SECONDS = 5;
const LOOK_INTERVAL = 100;
/** A backlog that is not gone after so many times the least time it takes never will be. */
const PATIENCE = 10;

/**
 * How fast a backlog is gone, and what those who order notice of it: payment stands still for a minute, is killed and
 * started again, while orders come at 70 % of what the system takes at most.
 *
 * The least time is that in which the capacity that the load leaves over works off all orders of the outage.
 */
export const backlogRecovery: Part = async ({ stack, orders, say }, { seconds, inFlight }) => {
  orders.load = allGood;
  say('Closed loop, for the most that it takes …');
  const closed = await closedLoop(orders, inFlight, { settle: 3, measured: seconds });
  const most = closed.finished / closed.seconds;
  const rate = Math.round(LOAD * most);

  say(`Open loop, ${rate} orders per second …`);
  const load = new SteadyLoad(orders, rate);
  await sleep(SETTLE_SECONDS * 1_000);
  load.takeLatencies();
  let usual = 0;
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(LOOK_INTERVAL))
    usual = Math.max(usual, load.underWay);
  const before = percentile(load.takeLatencies(), 0.99);

  say(`The same, and payment away for ${OUTAGE_SECONDS} s …`);
  process.kill(await stack.pid('payment'), 'SIGSTOP');
  await sleep(OUTAGE_SECONDS * 1_000);
  await stack.kill('payment');
  const backlog = load.underWay;
  const least = (rate * OUTAGE_SECONDS) / (most - rate);
  say(`${backlog} orders wait; at the best they are done in ${least.toFixed(0)} s …`);
  const during = load.takeLatencies();
  const begun = performance.now();
  const drainSeconds = (): number => (performance.now() - begun) / 1_000;
  while (load.underWay > usual) {
    if (drainSeconds() > PATIENCE * least) throw new Error(`${load.underWay} orders still wait.`);
    await sleep(LOOK_INTERVAL);
  }
  const drain = drainSeconds();
  const after = load.takeLatencies();
  const meanwhile = percentile([...during, ...after], 0.99);
  await load.stop();

  return [
    { name: 'placed → SHIPPED, the most', value: `${most.toFixed(0)} orders/s` },
    { name: `POST /orders at ${rate}/s, p99`, value: `${before.toFixed(1)} ms` },
    { name: '  payment away, p99', value: `${percentile(during, 0.99).toFixed(1)} ms` },
    { name: '  backlog worked off, p99', value: `${percentile(after, 0.99).toFixed(1)} ms` },
    {
      name: '  both, of the p99 before',
      value: (meanwhile / before).toFixed(2),
      target: '≤ 2',
      reached: meanwhile / before <= 2,
    },
    { name: `backlog of ${backlog} orders worked off`, value: `${drain.toFixed(1)} s` },
    {
      name: '  of the least time',
      value: (drain / least).toFixed(2),
      target: '≤ 1.5',
      reached: drain / least <= 1.5,
    },
  ];
};
