import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ScrapedGauges } from '@orderbridge/messaging';
import { LetterRepository } from '../storage/letter.repository.js';

const letters = new ScrapedGauges(
  {
    dead_letters_open: 'Dead letters that nobody has sent again or given up, counted up to 10000',
    dead_letters_oldest_seconds: 'Age of the oldest open dead letter; 0 when there is none',
  },
  ['broker', 'source'],
);

/** Lets each scrape read how many letters are open, and for how long. */
@Injectable()
export class LetterMetrics implements OnApplicationBootstrap {
  constructor(private readonly repository: LetterRepository) {}

  onApplicationBootstrap(): void {
    letters.ask('letters', async () => {
      const depths = await this.repository.depths();
      return depths.map(({ broker, source, open, oldest }) => ({
        labels: { broker, source },
        values: { dead_letters_open: open, dead_letters_oldest_seconds: Math.max(0, oldest) },
      }));
    });
  }
}
