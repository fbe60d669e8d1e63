export interface IbmMqCredentials {
  readonly user?: string;
  readonly password?: string;
  /** A JSON Web Token instead of user and password; the queue manager must be set up for it (AUTHTOKEN). */
  readonly token?: string;
}

export interface IbmMqTlsOptions {
  /** For example `ANY_TLS12_OR_HIGHER`. Must fit SSLCIPH of the channel. */
  readonly cipherSpec: string;
  /** Path of the key repository: a `.kdb` without its ending, or a `.p12` file. */
  readonly keyRepository?: string;
  readonly keyRepositoryPassword?: string;
  /** Label of the client's own certificate in the key repository. */
  readonly certificateLabel?: string;
  /** Distinguished name that the certificate of the queue manager must match (SSLPEER). */
  readonly peerName?: string;
}

export interface IbmMqReconnectOptions {
  /** Milliseconds before the second attempt; doubles with each further one. Default 250. */
  readonly initialDelay?: number;
  /** Most milliseconds between two attempts. Default 15,000. */
  readonly maxDelay?: number;
}

/** How to reach the queue manager. */
export interface IbmMqConnectionOptions {
  /** Name of the queue manager; empty or `*` takes whichever answers. Default empty. */
  readonly queueManager?: string;
  /**
   * Addresses, tried in order: `host(port)` or `host:port`, several as an array or separated by commas. Without
   * addresses and `ccdtUrl` the environment decides (MQSERVER, or bindings to a local queue manager).
   */
  readonly addresses?: string | readonly string[];
  /** Server-connection channel. Default `SYSTEM.DEF.SVRCONN`. */
  readonly channel?: string;
  /** URL of a client channel definition table (`file:`, `https:`), instead of addresses and channel. */
  readonly ccdtUrl?: string;
  /** Fixed, or asked for before every attempt to connect, so that tokens can be renewed. */
  readonly credentials?: IbmMqCredentials | (() => IbmMqCredentials | Promise<IbmMqCredentials>);
  readonly tls?: IbmMqTlsOptions;
  /** Name that operators see (DISPLAY CONN), at most 28 characters. Default: the queue manager's choice. */
  readonly applicationName?: string;
  /**
   * Seconds after which a silent connection is probed; the larger of this and HBINT of the channel holds, which is 300
   * unless it was set. A queue manager or a network that goes silent within a verb holds the event loop for twice this
   * time, from 60 seconds on for 60 seconds more than it. Default 5.
   */
  readonly heartbeatInterval?: number;
  /** Connections (hConns) that may be open at a time for sending and asking; each is opened when needed. Default 2. */
  readonly poolSize?: number;
  readonly reconnect?: IbmMqReconnectOptions;
}

/** The addresses one by one, in the form of MQ: `host(port)`. */
export function addressList(addresses: IbmMqConnectionOptions['addresses']): string[] {
  const list = typeof addresses === 'string' ? addresses.split(',') : (addresses ?? []);
  return list
    .map((address) => address.trim())
    .filter((address) => address !== '')
    .map((address) => address.replace(/^([^:()]+):(\d+)$/, '$1($2)'));
}
