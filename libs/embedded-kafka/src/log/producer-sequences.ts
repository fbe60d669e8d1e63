import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { RecordBatch } from '../record/record-batch.js';

/** A producer has at most this many requests under way, so a repeated batch is one of the last five. */
const rememberedBatches = 5;
const maxSequence = 0x7fff_ffff;

interface WrittenBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly nextOffset: number;
}

interface Producer {
  epoch: number;
  /** Oldest first. Batches that are not durable yet come on top of the five that are. */
  batches: WrittenBatch[];
  lastUsedAt: number;
}

export type ProducerSnapshot = readonly [
  producerId: number,
  epoch: number,
  lastUsedAt: number,
  batches: readonly (readonly [first: number, last: number, baseOffset: number, nextOffset: number])[],
];

/**
 * What the idempotent producers of one partition have written, so that a batch that is sent again is recognised and one
 * that comes too early or too late is refused.
 */
export class ProducerSequences {
  private readonly producers = new Map<number, Producer>();

  /**
   * Decides on a batch before it is appended.
   *
   * @returns the base offset that the same batch got earlier, or undefined if it is new and next in line
   * @throws RefusedError OUT_OF_ORDER_SEQUENCE_NUMBER when batches before it are missing, INVALID_PRODUCER_EPOCH when a
   *   newer instance of the producer has taken over
   */
  check(batch: RecordBatch): number | undefined {
    const producer = this.producers.get(batch.producerId);
    if (batch.producerId < 0 || producer === undefined) return undefined;
    const { producerEpoch: epoch, baseSequence: first } = batch;
    if (epoch < producer.epoch) {
      throw new RefusedError(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `Epoch ${epoch} of producer ${batch.producerId} was followed by ${producer.epoch}.`,
      );
    }
    if (epoch > producer.epoch) {
      if (first === 0) return undefined;
      throw outOfOrder(batch, 0);
    }
    const last = lastSequence(batch);
    const same = producer.batches.find(
      (written) => written.firstSequence === first && written.lastSequence === last,
    );
    if (same !== undefined) return same.baseOffset;
    const previous = producer.batches.at(-1);
    const expected = previous === undefined ? first : following(previous.lastSequence, 1);
    if (first !== expected) throw outOfOrder(batch, expected);
    return undefined;
  }

  /** Remembers a batch that got its place in the log. What lies below `durableBelow` cannot be undone any more. */
  record(batch: RecordBatch, durableBelow: number, now: number): void {
    if (batch.producerId < 0) return;
    let producer = this.producers.get(batch.producerId);
    if (producer === undefined || producer.epoch !== batch.producerEpoch) {
      producer = { epoch: batch.producerEpoch, batches: [], lastUsedAt: now };
      this.producers.set(batch.producerId, producer);
    }
    producer.lastUsedAt = now;
    producer.batches.push({
      firstSequence: batch.baseSequence,
      lastSequence: lastSequence(batch),
      baseOffset: batch.baseOffset,
      nextOffset: batch.nextOffset,
    });
    const durable = producer.batches.findLastIndex((written) => written.nextOffset <= durableBelow) + 1;
    if (durable > rememberedBatches) producer.batches.splice(0, durable - rememberedBatches);
  }

  /** Forgets the batches at and after an offset, because they could not be written. */
  truncate(offset: number): void {
    for (const producer of this.producers.values()) {
      producer.batches = producer.batches.filter((written) => written.nextOffset <= offset);
    }
  }

  /** Forgets producers that have not been used since a time. Their next batch may have any sequence. */
  expire(before: number): void {
    for (const [id, producer] of this.producers) {
      if (producer.lastUsedAt < before) this.producers.delete(id);
    }
  }

  /** What is known of the batches below an offset. */
  snapshot(below: number): ProducerSnapshot[] {
    return [...this.producers].map(([id, { epoch, lastUsedAt, batches }]) => [
      id,
      epoch,
      lastUsedAt,
      batches
        .filter((written) => written.nextOffset <= below)
        .slice(-rememberedBatches)
        .map((written) => [
          written.firstSequence,
          written.lastSequence,
          written.baseOffset,
          written.nextOffset,
        ]),
    ]);
  }

  restore(snapshot: readonly ProducerSnapshot[]): void {
    for (const [id, epoch, lastUsedAt, batches] of snapshot) {
      this.producers.set(id, {
        epoch,
        lastUsedAt,
        batches: batches.map(([firstSequence, last, baseOffset, nextOffset]) => ({
          firstSequence,
          lastSequence: last,
          baseOffset,
          nextOffset,
        })),
      });
    }
  }
}

function lastSequence(batch: RecordBatch): number {
  return following(batch.baseSequence, batch.recordCount - 1);
}

/** Sequences go from 0 to the largest 32-bit integer and start again. */
function following(sequence: number, steps: number): number {
  const next = sequence + steps;
  return next > maxSequence ? next - maxSequence - 1 : next;
}

function outOfOrder(batch: RecordBatch, expected: number): RefusedError {
  return new RefusedError(
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    `Producer ${batch.producerId} sent sequence ${batch.baseSequence}, expected is ${expected}.`,
  );
}
