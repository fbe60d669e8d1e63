/** Seconds of silence after which a connection with this heartbeat interval is lost, as IBM MQ reckons it. */
function silenceLimit(interval: number): number {
  return interval < 60 ? 2 * interval : interval + 60;
}

/** Steps of an interval, so that traffic need only set a counter back and no timer. */
const STEPS = 2;

/**
 * The heartbeats of one connection. Steps are counted rather than time measured: when this process was stopped for a
 * while, what its clients have sent meanwhile is read before they are given up.
 */
export class Heartbeats {
  private readonly timer: NodeJS.Timeout;
  private readonly limit: number;
  private sinceSent = 0;
  private sinceHeard = 0;

  /**
   * @param interval seconds, above 0
   * @param beat called within each interval in which nothing was sent
   * @param lost called once, when nothing was heard for the limit, or half an interval longer
   */
  constructor(
    interval: number,
    private readonly beat: () => void,
    private readonly lost: () => void,
  ) {
    const step = interval / STEPS;
    this.limit = Math.ceil(silenceLimit(interval) / step) + 1;
    this.timer = setInterval(() => this.step(), step * 1_000);
  }

  sent(): void {
    this.sinceSent = 0;
  }

  heard(): void {
    this.sinceHeard = 0;
  }

  end(): void {
    clearInterval(this.timer);
  }

  private step(): void {
    if (++this.sinceHeard >= this.limit) {
      this.end();
      this.lost();
    } else if (++this.sinceSent >= STEPS) {
      this.sinceSent = 0;
      this.beat();
    }
  }
}
