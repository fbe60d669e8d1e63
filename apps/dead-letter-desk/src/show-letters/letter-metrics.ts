import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { LetterRepository } from '../storage/letter.repository.js';

let measured: LetterRepository | undefined;
const open = new Gauge({
  name: 'dead_letters_open',
  help: 'Dead letters that nobody has sent again or given up',
  labelNames: ['broker', 'source'],
});
const oldest: Gauge = new Gauge({
  name: 'dead_letters_oldest_seconds',
  help: 'Age of the oldest open dead letter; 0 when there is none',
  labelNames: ['broker', 'source'],
  collect: () => read(),
});

async function read(): Promise<void> {
  if (!measured) return;
  const depths = await measured.depths();
  open.reset();
  oldest.reset();
  for (const { broker, source, ...depth } of depths) {
    open.set({ broker, source }, depth.open);
    oldest.set({ broker, source }, Math.max(0, depth.oldest));
  }
}

/** Lets each scrape read how many letters are open, and for how long. */
@Injectable()
export class LetterMetrics implements OnApplicationBootstrap {
  constructor(private readonly letters: LetterRepository) {}

  onApplicationBootstrap(): void {
    measured = this.letters;
  }
}
