import type { Mqi } from '../mqi/ibmmq.js';
import { connectOptions } from './connect-options.js';

const mqi = { MQCNO: Object, MQCD: Object, MQCSP: Object, MQSCO: Object } as unknown as Mqi;

test('all that a connection takes is passed on, and the reconnection of MQ is off', () => {
  const options = connectOptions(
    mqi,
    {
      channel: 'APP.SVRCONN',
      applicationName: 'payment',
      heartbeatInterval: 5,
      tls: {
        cipherSpec: 'ANY_TLS12_OR_HIGHER',
        keyRepository: '/keys/client',
        keyRepositoryPassword: 'secret',
        certificateLabel: 'payment',
        peerName: 'CN=QM1',
      },
    },
    { user: 'app', password: 'pass' },
    'mq1(1414)',
  );
  expect(options).toEqual({
    Options: 0x40 | 0x2000000,
    ApplName: 'payment',
    SecurityParms: { UserId: 'app', Password: 'pass' },
    ClientConn: {
      ConnectionName: 'mq1(1414)',
      ChannelName: 'APP.SVRCONN',
      HeartbeatInterval: 5,
      MaxMsgLength: 104_857_600,
      SSLCipherSpec: 'ANY_TLS12_OR_HIGHER',
      SSLPeerName: 'CN=QM1',
    },
    SSLConfig: { KeyRepository: '/keys/client', KeyRepoPassword: 'secret', CertificateLabel: 'payment' },
  });
});

test('with a CCDT there is no channel of our own; a token stands for user and password', () => {
  const options = connectOptions(mqi, { ccdtUrl: 'file:///ccdt.json' }, { token: 'jwt' }, undefined);
  expect(options).toEqual({
    Options: 0x40 | 0x2000000,
    CCDTUrl: 'file:///ccdt.json',
    SecurityParms: { Token: 'jwt' },
  });
});
