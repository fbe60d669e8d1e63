import { loadConfig } from '@orderbridge/service';
import { connectionOptions, ibmMqEnvironment } from './ibm-mq-environment.js';

const options = (variables: Record<string, string>) =>
  connectionOptions(
    loadConfig(ibmMqEnvironment, {
      IBM_MQ_QUEUE_MANAGER: 'QM1',
      IBM_MQ_CONNECTION_NAME: 'mq-1(1414),mq-2(1414)',
      ...variables,
    }),
    'payment',
  );

test('without a cipher spec there is no TLS, whatever else is set', () => {
  expect(options({ IBM_MQ_KEY_REPOSITORY: '/keys/client' })).toEqual({
    queueManager: 'QM1',
    addresses: 'mq-1(1414),mq-2(1414)',
    channel: 'ORDERBRIDGE.SVRCONN',
    applicationName: 'payment',
  });
});

test('TLS with a certificate of its own', () => {
  const { tls, credentials } = options({
    IBM_MQ_CIPHER_SPEC: 'ANY_TLS13_OR_HIGHER',
    IBM_MQ_KEY_REPOSITORY: '/keys/client.p12',
    IBM_MQ_KEY_REPOSITORY_PASSWORD: 'secret',
    IBM_MQ_CERTIFICATE_LABEL: 'payment',
    IBM_MQ_PEER_NAME: 'CN=QM1',
  });
  expect(credentials).toBeUndefined();
  expect(tls).toEqual({
    cipherSpec: 'ANY_TLS13_OR_HIGHER',
    keyRepository: '/keys/client.p12',
    keyRepositoryPassword: 'secret',
    certificateLabel: 'payment',
    peerName: 'CN=QM1',
  });
});
