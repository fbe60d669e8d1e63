import { apiVersionsApi } from '../src/protocol/messages/api-versions.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';
import { requestSamples, sampleSessionTimeoutMs, sampleTopic } from '../test-support/request-samples.js';

let fixture: BrokerFixture;
let client: RawClient;

beforeAll(async () => {
  fixture = await BrokerFixture.start({ groupMinSessionTimeoutMs: sampleSessionTimeoutMs });
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: sampleTopic, numPartitions: 2 }] });
  client = await RawClient.connect(fixture.broker.port);
});

afterAll(async () => {
  client.close();
  await fixture.stop();
});

const cases = requestSamples.flatMap(({ api, request }) =>
  Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, index) => ({
    name: api.name,
    version: api.minVersion + index,
    api,
    request,
  })),
);

test.each(cases)('$name $version gets an answer of its form', async ({ api, version, request }) => {
  await expect(client.send(api, version, request)).resolves.toBeDefined();
});

test('what is announced is what there is a sample of', async () => {
  const { apis } = await client.send(apiVersionsApi, 3, {
    clientSoftwareName: 'spec',
    clientSoftwareVersion: '1',
  });
  const announced = apis.map(({ key, minVersion, maxVersion }) => [key, minVersion, maxVersion]);
  const sampled = requestSamples.map(({ api }) => [api.key, api.announcedMinVersion, api.maxVersion]);
  const byKey = (a: number[], b: number[]) => a[0]! - b[0]!;
  expect(announced.toSorted(byKey)).toEqual(sampled.toSorted(byKey));
});
