import { Injectable } from '@nestjs/common';
import { PeriodicTask } from '@orderbridge/service';
import { WatchDeadlines } from './watch-deadlines.js';

/** Looks at the deadlines of orders every second. Several replicas share the work. */
@Injectable()
export class DeadlineWatcher extends PeriodicTask {
  constructor(private readonly deadlines: WatchDeadlines) {
    super(1_000);
  }

  protected run(): Promise<boolean> {
    return this.deadlines.look();
  }
}
