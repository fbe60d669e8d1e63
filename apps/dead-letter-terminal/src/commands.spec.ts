import { run } from './commands.js';
import { DeskClient } from './desk-client.js';

/** Answers one page after the other, and keeps what was asked. */
class FakeDesk extends DeskClient {
  readonly asked: [string, unknown][] = [];

  constructor(private readonly pages: object[]) {
    super('http://nowhere', 'ada');
  }

  override post<Body>(path: string, body: unknown): Promise<Body> {
    this.asked.push([path, body]);
    return Promise.resolve(this.pages.shift() as Body);
  }
}

test.each([
  [{ name: 'give-up-all', filter: { type: 't' }, reason: 'why' }, '/dead-letters/give-up', { reason: 'why' }],
  [{ name: 'redrive-all', filter: { type: 't' } }, '/dead-letters/redrive', {}],
] as const)('%j goes on behind what was refused, to the last page', async (command, path, body) => {
  const refused = { id: 'a', outcome: 'refused', detail: 'why not' };
  const desk = new FakeDesk([
    { results: [refused], remaining: 2, nextCursor: '7' },
    { results: [{ id: 'b', outcome: 'given-up' }], remaining: 1 },
  ]);
  const lines: string[] = [];
  await run(command, desk, (line) => lines.push(line));
  const { filter } = command;
  expect(desk.asked).toEqual([
    [path, { filter, ...body }],
    [path, { filter, ...body, cursor: '7' }],
  ]);
  expect(lines).toEqual(['a  refused: why not', 'b  given-up', '1 open letters are left.']);
});
