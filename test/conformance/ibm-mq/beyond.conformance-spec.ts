import { BEYOND, beyondTheStandIn, identifier, type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const FIFO = 'CONF.FIFO';
const REPLIES = 'CONF.REPLIES';
const TOPIC = 'orderbridge/conformance';
const IN_GROUP = 8;
const LAST_IN_GROUP = 16;
const SEGMENTATION_ALLOWED = 1;
const REPORT = 4;

let client: MqClient;
beforeEach(async () => {
  client = await queueManager.connected();
  for (const name of [FIFO, REPLIES]) {
    await client.call('open', { name, options: ['OUTPUT', 'INPUT_SHARED', 'BROWSE'] });
  }
});

const put = (body: string, more: Record<string, unknown> = {}) =>
  client.call('put', { object: FIFO, body, ...more });
const get = (object: string, more: Record<string, unknown> = {}) => client.call('get', { object, ...more });
const reporting = (Report: number, more = {}) => ({ descriptor: { Report, ReplyToQ: REPLIES, ...more } });

describe(`${BEYOND}: what IBM MQ does`, () => {
  beyondTheStandIn('a message group arrives only when it is complete, and in order', async () => {
    const options = ['SYNCPOINT', 'LOGICAL_ORDER'];
    await put('1', { options, descriptor: { MsgFlags: IN_GROUP } });
    await client.call('commit');
    const whole = { object: FIFO, options: ['LOGICAL_ORDER', 'ALL_MSGS_AVAILABLE'] };
    expect(await client.reason('get', whole)).toBe(2033);
    await put('2', { options, descriptor: { MsgFlags: LAST_IN_GROUP } });
    await client.call('commit');
    expect((await client.call('get', whole)).body).toBe('1');
    expect((await client.call('get', whole)).body).toBe('2');
  });

  beyondTheStandIn('a message that may be segmented can be longer than MAXMSGL of the queue', async () => {
    await client.call('open', { name: 'CONF.QUEUE', options: ['OUTPUT', 'INPUT_SHARED'] });
    const descriptor = { MsgFlags: SEGMENTATION_ALLOWED };
    await client.call('put', { object: 'CONF.QUEUE', size: 2500, descriptor });
    expect((await get('CONF.QUEUE', { options: ['COMPLETE_MSG'] })).length).toBe(2500);
  });

  beyondTheStandIn('a confirmation of arrival is sent when a message is put', async () => {
    const { descriptor } = await put('a', reporting(0x100));
    expect((await get(REPLIES)).descriptor).toMatchObject({
      MsgType: REPORT,
      Feedback: 259,
      CorrelId: descriptor.MsgId,
    });
  });

  beyondTheStandIn('a confirmation of delivery is sent when a message is got', async () => {
    const { descriptor } = await put('a', reporting(0x800));
    await get(FIFO);
    expect((await get(REPLIES)).descriptor).toMatchObject({
      MsgType: REPORT,
      Feedback: 260,
      CorrelId: descriptor.MsgId,
    });
  });

  beyondTheStandIn('an expiration report is sent when an expired message is met', async () => {
    await put('a', reporting(0x200000, { Expiry: 1 }));
    const matching = { match: ['MATCH_MSG_ID'], descriptor: { MsgId: identifier('?') } };
    await client.reason('get', { object: REPLIES, options: ['WAIT'], wait: 300, ...matching });
    expect(await client.reason('get', { object: FIFO })).toBe(2033);
    expect((await get(REPLIES)).descriptor).toMatchObject({ MsgType: REPORT, Feedback: 258 });
  });

  beyondTheStandIn('a model queue makes a dynamic queue', async () => {
    const opened = await client.call('open', {
      name: 'CONF.MODEL',
      dynamicName: 'CONF.DYN.*',
      options: ['OUTPUT', 'INPUT_EXCLUSIVE'],
    });
    expect(opened.name).toMatch(/^CONF\.DYN\.\S+/);
    await client.call('put1', { name: opened.name, body: 'a' });
    expect((await get('CONF.MODEL')).body).toBe('a');
  });

  beyondTheStandIn('a subscriber receives what is published (the user needs PUB and SUB)', async () => {
    await client.call('subscribe', { object: 'subscription', topic: TOPIC });
    await client.call('put1', { type: 'TOPIC', topic: TOPIC, body: 'news' });
    const message = await get('subscription', { options: ['WAIT', 'NO_PROPERTIES'], wait: 5000 });
    expect(message.body).toBe('news');
  });

  beyondTheStandIn('a browsed message can be locked against others', async () => {
    await put('a');
    await get(FIFO, { options: ['BROWSE_FIRST', 'LOCK'] });
    const other = await queueManager.connected();
    await other.call('open', { name: FIFO, options: ['INPUT_SHARED'] });
    expect(await other.reason('get', { object: FIFO })).toBe(2033);
    expect((await get(FIFO, { options: ['MSG_UNDER_CURSOR'] })).body).toBe('a');
  });

  beyondTheStandIn('a browsed message can be marked as seen', async () => {
    await put('a');
    await put('b');
    const options = ['BROWSE_FIRST', 'UNMARKED_BROWSE_MSG', 'MARK_BROWSE_HANDLE'];
    expect((await get(FIFO, { options })).body).toBe('a');
    expect((await get(FIFO, { options })).body).toBe('b');
  });

  beyondTheStandIn('a program can set the properties that stand for header fields of JMS', async () => {
    await put('a', { properties: { JMSType: 'order' } });
    expect((await get(FIFO, { handle: true })).properties).toMatchObject({ 'mcd.Type': 'order' });
  });

  beyondTheStandIn('MQSTAT tells how asynchronous puts ended', async () => {
    await put('a', { options: ['ASYNC_RESPONSE'], times: 3 });
    expect(await client.call('stat')).toMatchObject({ PutSuccessCount: 3, PutFailureCount: 0 });
  });
});
