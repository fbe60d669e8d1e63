import { id } from '@orderbridge/contracts';
import { ProblemException } from '@orderbridge/service';
import { z } from 'zod';
import { LETTER_STATES, type LetterState } from '../domain/letter.js';
import { letterFilter } from '../show-letters/letter-filter.js';
import type { LetterFilter, LetterRepository } from '../storage/letter.repository.js';

/** Most letters of one request. */
const LIMIT = 1_000;

/** Which letters a request is about: ids, or a page of the open letters that a filter leaves. */
export const selection = {
  ids: z.array(id).min(1).max(LIMIT).optional(),
  filter: z.strictObject(letterFilter).optional().describe('{} means every open letter'),
  limit: z.number().int().min(1).max(LIMIT).default(LIMIT).describe('Most letters of the filter at once'),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('nextCursor of the answer before: goes on behind what was refused there'),
};

export interface Selection {
  readonly ids?: readonly string[] | undefined;
  readonly filter?: LetterFilter | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export const selectsOneWay = ({ ids, filter }: Pick<Selection, 'ids' | 'filter'>): boolean =>
  (ids === undefined) !== (filter === undefined);

/** What came of asking for one of several letters. */
export interface ResultOfOne {
  readonly id: string;
  readonly outcome: 'redriven' | 'given-up' | 'under-way' | 'already' | 'refused';
  readonly state?: LetterState;
  /** Why it was refused. */
  readonly detail?: string;
}

export interface Results {
  readonly results: ResultOfOne[];
  readonly remaining?: number;
  readonly nextCursor?: string;
}

export const results = z
  .object({
    results: z.array(
      z.object({
        id: z.string(),
        outcome: z.enum(['redriven', 'given-up', 'under-way', 'already', 'refused']),
        state: z.enum(LETTER_STATES).optional(),
        detail: z.string().optional(),
      }),
    ),
    remaining: z
      .number()
      .optional()
      .describe('Open letters of the filter that are left, those refused included'),
    nextCursor: z
      .string()
      .optional()
      .describe('Give it as cursor to go on; absent when the filter leaves no more'),
  })
  .meta({ id: 'Results' });

/** Does something with each of the letters that are selected, oldest first. One that is refused holds up no other. */
export async function withEach(
  letters: LetterRepository,
  { ids, filter = {}, limit, cursor }: Selection,
  act: (id: string) => Promise<Omit<ResultOfOne, 'id'>>,
): Promise<Results> {
  const one = async (letterId: string): Promise<ResultOfOne> => {
    try {
      return { id: letterId, ...(await act(letterId)) };
    } catch (error) {
      if (!(error instanceof ProblemException)) throw error;
      return { id: letterId, outcome: 'refused', detail: error.problem.detail };
    }
  };
  const each = async (chosen: Iterable<string>): Promise<ResultOfOne[]> => {
    const done: ResultOfOne[] = [];
    for (const letterId of chosen) done.push(await one(letterId));
    return done;
  };
  if (ids) return { results: await each(new Set(ids)) };
  const open = await letters.open(filter, limit + 1, cursor);
  const page = open.slice(0, limit);
  const done = await each(page.map(({ id: letterId }) => letterId));
  const last = page.at(-1);
  return {
    results: done,
    remaining: await letters.countOpen(filter),
    ...(open.length > limit && last && { nextCursor: last.number }),
  };
}
