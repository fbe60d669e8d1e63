import { ConnectOption } from '../mqi/constants.js';
import type { MQCNO, Mqi } from '../mqi/ibmmq.js';
import type { IbmMqConnectionOptions, IbmMqCredentials } from './connection-options.js';

const DEFAULT_CHANNEL = 'SYSTEM.DEF.SVRCONN';
const DEFAULT_HEARTBEAT = 5;
/** 100 MB, the most that MQ allows; the channel's MAXMSGL sets the limit. */
const MAX_MESSAGE_LENGTH = 104_857_600;

/** The MQCNO for one attempt to connect; without an address the CCDT or the environment decides where to. */
export function connectOptions(
  mqi: Mqi,
  options: IbmMqConnectionOptions,
  credentials: IbmMqCredentials | undefined,
  address: string | undefined,
): MQCNO {
  const connect = new mqi.MQCNO();
  connect.Options = ConnectOption.HANDLE_SHARE_BLOCK | ConnectOption.RECONNECT_DISABLED;
  if (options.applicationName !== undefined) connect.ApplName = options.applicationName;
  if (options.ccdtUrl !== undefined) connect.CCDTUrl = options.ccdtUrl;
  if (credentials) connect.SecurityParms = securityParameters(mqi, credentials);
  if (address !== undefined) connect.ClientConn = channelDefinition(mqi, options, address);
  if (options.tls) connect.SSLConfig = tlsConfiguration(mqi, options.tls);
  return connect;
}

function securityParameters(mqi: Mqi, { user, password, token }: IbmMqCredentials) {
  const parameters = new mqi.MQCSP();
  if (user !== undefined) parameters.UserId = user;
  if (password !== undefined) parameters.Password = password;
  if (token !== undefined) parameters.Token = token;
  return parameters;
}

function channelDefinition(mqi: Mqi, options: IbmMqConnectionOptions, address: string) {
  const channel = new mqi.MQCD();
  channel.ConnectionName = address;
  channel.ChannelName = options.channel ?? DEFAULT_CHANNEL;
  channel.HeartbeatInterval = options.heartbeatInterval ?? DEFAULT_HEARTBEAT;
  channel.MaxMsgLength = MAX_MESSAGE_LENGTH;
  if (options.tls) channel.SSLCipherSpec = options.tls.cipherSpec;
  if (options.tls?.peerName !== undefined) channel.SSLPeerName = options.tls.peerName;
  return channel;
}

function tlsConfiguration(mqi: Mqi, tls: NonNullable<IbmMqConnectionOptions['tls']>) {
  const configuration = new mqi.MQSCO();
  if (tls.keyRepository !== undefined) configuration.KeyRepository = tls.keyRepository;
  if (tls.keyRepositoryPassword !== undefined) configuration.KeyRepoPassword = tls.keyRepositoryPassword;
  if (tls.certificateLabel !== undefined) configuration.CertificateLabel = tls.certificateLabel;
  return configuration;
}
