import { ManualClock, settle } from '../../test-support/manual-clock.js';
import { StoreUnavailableError } from '../retry/errors.js';
import { GroupCommit } from './group-commit.js';

/** A commit whose end the test decides. */
function controlled() {
  const groups: number[][] = [];
  const ends: (() => void)[] = [];
  const commit = async (items: readonly number[]): Promise<string[]> => {
    groups.push([...items]);
    await new Promise<void>((resolve) => ends.push(resolve));
    return items.map((item) => `done ${item}`);
  };
  return { groups, ends, commit };
}

describe('GroupCommit', () => {
  test('commits a lone item at once', async () => {
    const { groups, ends, commit } = controlled();
    const group = new GroupCommit(commit, { maxItems: 10 });
    const result = group.submit(1);
    await settle();
    expect(groups).toEqual([[1]]);
    ends[0]?.();
    await expect(result).resolves.toBe('done 1');
  });

  test('gathers, in order and up to the limit, what arrives while a group is being committed', async () => {
    const { groups, ends, commit } = controlled();
    const group = new GroupCommit(commit, { maxItems: 3, clock: new ManualClock() });
    const results = [group.submit(1)];
    await settle();
    results.push(...[2, 3, 4, 5].map((item) => group.submit(item)));
    ends[0]?.();
    await settle();
    expect(groups).toEqual([[1], [2, 3, 4]]);
    ends[1]?.();
    await settle();
    ends[2]?.();
    await expect(Promise.all(results)).resolves.toEqual([1, 2, 3, 4, 5].map((item) => `done ${item}`));
    expect(groups).toEqual([[1], [2, 3, 4], [5]]);
  });

  test('gathers for as long again as the group took, when something waits', async () => {
    const { groups, ends, commit } = controlled();
    const clock = new ManualClock();
    const group = new GroupCommit(commit, { maxItems: 10, clock });
    const first = group.submit(1);
    await clock.pass(20);
    void group.submit(2);
    ends[0]?.();
    await expect(first).resolves.toBe('done 1');
    await clock.pass(19);
    void group.submit(3);
    await settle();
    expect(groups).toEqual([[1]]);
    await clock.pass(1);
    expect(groups).toEqual([[1], [2, 3]]);
  });

  test('gathers for as long again as a group of more than one took', async () => {
    const { groups, ends, commit } = controlled();
    const clock = new ManualClock();
    const group = new GroupCommit(commit, { maxItems: 10, clock });
    void group.submit(1);
    void group.submit(2);
    await clock.pass(20);
    ends[0]?.();
    await settle();
    void group.submit(3);
    await clock.pass(19);
    expect(groups).toEqual([[1, 2]]);
    await clock.pass(1);
    expect(groups).toEqual([[1, 2], [3]]);
  });

  test('gathers for 50 ms at the most', async () => {
    const { groups, ends, commit } = controlled();
    const clock = new ManualClock();
    const group = new GroupCommit(commit, { maxItems: 10, clock });
    void group.submit(1);
    await clock.pass(10_000);
    void group.submit(2);
    ends[0]?.();
    await clock.pass(49);
    expect(groups).toEqual([[1]]);
    await clock.pass(1);
    expect(groups).toEqual([[1], [2]]);
  });

  test('commits at once what comes when a lone item is done and nothing waits', async () => {
    const { groups, ends, commit } = controlled();
    const clock = new ManualClock();
    const group = new GroupCommit(commit, { maxItems: 10, clock });
    void group.submit(1);
    await clock.pass(20);
    ends[0]?.();
    await settle();
    void group.submit(2);
    await settle();
    expect(groups).toEqual([[1], [2]]);
  });

  test('commits the items of a failed group one by one, so that a bad one hurts only itself', async () => {
    const groups: number[][] = [];
    const group = new GroupCommit<number, number>(
      (items) => {
        groups.push([...items]);
        return items.includes(2) ? Promise.reject(new Error('bad')) : Promise.resolve(items);
      },
      { maxItems: 3 },
    );
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((item) => group.submit(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(groups).toEqual([[1, 2, 3], [1], [2], [3], [4]]);
    await group.drained();
  });

  test('does not try what is left of a group while something is away', async () => {
    const groups: number[][] = [];
    let isAway = true;
    const group = new GroupCommit<number, number>(
      (items) => {
        groups.push([...items]);
        if (groups.length === 3) isAway = false;
        return isAway ? Promise.reject(new Error('Connection terminated')) : Promise.resolve(items);
      },
      { maxItems: 3 },
    );
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((item) => group.submit(item)));
    expect(groups).toEqual([[1, 2, 3], [1], [4]]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
  });

  test('tries a lone item once', async () => {
    const groups: number[][] = [];
    const group = new GroupCommit<number, number>(
      (items) => {
        groups.push([...items]);
        return Promise.reject(new Error('bad'));
      },
      { maxItems: 3 },
    );
    await expect(group.submit(1)).rejects.toThrow('bad');
    expect(groups).toEqual([[1]]);
  });

  test('tries no item alone when nothing could be begun', async () => {
    const groups: number[][] = [];
    const group = new GroupCommit<number, number>(
      (items) => {
        groups.push([...items]);
        return Promise.reject(new StoreUnavailableError(new Error('no connection')));
      },
      { maxItems: 3 },
    );
    const outcomes = await Promise.allSettled([1, 2].map((item) => group.submit(item)));
    expect(groups).toEqual([[1, 2]]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  describe('with a patience', () => {
    const lockTimeout = Object.assign(new Error('lock timeout'), { code: '55P03' });

    /** Commits that fail when the test says so. */
    function failing(patienceMs: number) {
      const clock = new ManualClock();
      const groups: number[][] = [];
      const fails: (() => void)[] = [];
      const commit = (items: readonly number[]): Promise<number[]> => {
        groups.push([...items]);
        return new Promise((_resolve, reject) => fails.push(() => reject(lockTimeout)));
      };
      const group = new GroupCommit(commit, { maxItems: 2, clock, patienceMs });
      const answers: string[] = [];
      const submit = (item: number): void => {
        group.submit(item).catch((error: Error) => answers.push(`${item}: ${error.name}`));
      };
      return { clock, groups, fails, answers, submit };
    }

    test('rejects what has waited for so long, and never tries it', async () => {
      const { clock, groups, fails, answers, submit } = failing(1_000);
      submit(1);
      await clock.pass(400);
      for (const item of [2, 3, 4]) submit(item);
      await clock.pass(300);
      submit(5);
      await clock.pass(699);
      expect(answers).toEqual([]);
      await clock.pass(1);
      expect(answers).toEqual([2, 3, 4].map((item) => `${item}: StoreUnavailableError`));
      await clock.pass(299);
      expect(answers).toHaveLength(3);
      await clock.pass(1);
      expect(answers.at(-1)).toBe('5: StoreUnavailableError');
      fails[0]?.();
      await clock.pass(50);
      expect(groups).toEqual([[1]]);
    });

    test('tries no item alone after a group that has taken so long', async () => {
      const { clock, groups, fails, answers, submit } = failing(1_000);
      submit(1);
      submit(2);
      await clock.pass(1_000);
      fails[0]?.();
      await settle();
      expect(answers).toEqual(['1: Error', '2: Error']);
      expect(groups).toEqual([[1, 2]]);
    });

    test('tries the items of a group that has failed sooner alone', async () => {
      const { clock, groups, fails, submit } = failing(1_000);
      submit(1);
      submit(2);
      await clock.pass(999);
      fails[0]?.();
      await settle();
      expect(groups).toEqual([[1, 2], [1]]);
    });

    test('leaves no timer behind', async () => {
      const clock = new ManualClock();
      const group = new GroupCommit<number, number>((items) => Promise.resolve(items), {
        maxItems: 1,
        clock,
        patienceMs: 1_000,
      });
      await Promise.all([group.submit(1), clock.pass(50)]);
      expect(clock.timers).toBe(0);
    });
  });
});
