import { IbmMqConnectionManager, IbmMqError } from '@orderbridge/ibm-mq';
import {
  DestinationsUnavailableError,
  PartlyPublishedError,
  UndeliverableMessageError,
  type OutgoingMessage,
} from '@orderbridge/messaging';
import { IbmMqPublisher } from './ibm-mq-publisher.js';

const message = (queue: string, body: string): OutgoingMessage => ({
  messageId: 'ab',
  destination: { broker: 'ibm-mq', name: queue },
  key: 'k',
  headers: {},
  body: Buffer.from(body),
});

const failure = (reason: number) =>
  new IbmMqError({ verb: 'MQPUT', object: 'Q', reason, symbol: `MQRC_${reason}` });

/** A publisher over a connection on which puts fail as given. */
function publisher(refuse: (queue: string, body: string) => IbmMqError | undefined): IbmMqPublisher {
  const connection = {
    mqi: { MQMD: function descriptor() {} },
    lost: new AbortController().signal,
    openOutput: (destination: object) => destination,
    put({ queue }: { queue: string }, _descriptor: unknown, data: Buffer) {
      const error = refuse(queue, data.toString());
      if (error) throw error;
    },
    commit() {},
    back() {},
  };
  const manager = Object.create(IbmMqConnectionManager.prototype, {
    observer: { value: {} },
    tracing: {
      value: { send: (_: unknown, work: (contextOf: () => object) => unknown) => work(() => ({})) },
    },
    use: { value: (work: (lent: typeof connection) => unknown) => work(connection) },
  }) as IbmMqConnectionManager;
  return new IbmMqPublisher(manager);
}

const problemOf = (publishing: Promise<void>): Promise<unknown> =>
  publishing.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a queue that takes nothing is named, told by the check, and what others took is not sent again', async () => {
  let isFull = true;
  const to = publisher((queue) => (queue === 'FULL' && isFull ? failure(2053) : undefined));
  const messages = [message('A', '1'), message('FULL', '2'), message('A', '3'), message('FULL', '4')];
  const error = (await problemOf(to.publish(messages))) as PartlyPublishedError;
  expect(error).toBeInstanceOf(PartlyPublishedError);
  expect([...error.published]).toEqual([messages[0], messages[2]]);
  expect(error.cause).toBeInstanceOf(DestinationsUnavailableError);
  expect([...(error.cause as DestinationsUnavailableError).causes]).toMatchObject([
    ['FULL', { reason: 2053 }],
  ]);
  await expect(to.check()).rejects.toThrow('2053');
  isFull = false;
  await to.publish([message('FULL', '2')]);
  await to.check();
});

test('a message that is refused is the cause, the others are published', async () => {
  const to = publisher((_, body) => (body === 'too long' ? failure(2030) : undefined));
  const messages = [message('A', '1'), message('A', 'too long'), message('A', '3')];
  const error = (await problemOf(to.publish(messages))) as PartlyPublishedError;
  expect([...error.published]).toEqual([messages[0], messages[2]]);
  expect(error.cause).toBeInstanceOf(UndeliverableMessageError);
  expect(await problemOf(to.publish([message('A', 'too long')]))).toBeInstanceOf(UndeliverableMessageError);
  await to.check();
});

test('without a connection nothing is said against a message or a queue', async () => {
  const error = failure(2009);
  const to = publisher(() => error);
  expect(await problemOf(to.publish([message('A', '1'), message('A', '2')]))).toBe(error);
  await to.check();
});
