import { apiVersionsApi } from '../src/protocol/messages/api-versions.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';
import { requestSamples } from '../test-support/request-samples.js';

// The conformance suite sends every sample in all its versions.
test('what is announced is what there is a sample of', async () => {
  const fixture = await BrokerFixture.start();
  const client = await RawClient.connect(fixture.broker.port);
  const { apis } = await client.send(apiVersionsApi, 3, {
    clientSoftwareName: 'spec',
    clientSoftwareVersion: '1',
  });
  const announced = apis.map(({ key, minVersion, maxVersion }) => [key, minVersion, maxVersion]);
  const sampled = requestSamples.map(({ api }) => [api.key, api.announcedMinVersion, api.maxVersion]);
  const byKey = (a: number[], b: number[]) => a[0]! - b[0]!;
  expect(announced.toSorted(byKey)).toEqual(sampled.toSorted(byKey));
  client.close();
  await fixture.stop();
});
