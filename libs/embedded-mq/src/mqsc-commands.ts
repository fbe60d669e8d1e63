import {
  aliasQueueAttributes,
  type Attributes,
  initialAttributes,
  localQueueAttributes,
  parseAttribute,
  queueManagerAttributes,
} from './attributes.js';
import { type Command, parseMqsc, type Word } from './mqsc.js';
import { type ClientCheck, MAX_HEARTBEAT_INTERVAL, type Objects, type QueueDefinition } from './objects.js';
import { problemsOfAuthorityRecord, problemsOfChannelRule } from './security-commands.js';

/** What a command file said that this queue manager did not do. */
export interface Remark {
  line: number;
  text: string;
}

export interface MqscResult {
  /** Commands carried out. */
  applied: number;
  /** Commands or attributes that mean something to IBM MQ but have no effect here. */
  notEnforced: Remark[];
  /** Commands or attributes that are wrong or unknown. */
  problems: Remark[];
}

/** The parts of a queue manager that commands reach besides its definitions. */
export interface CommandTarget {
  /** Throws away a queue's messages; false when a unit of work or a program still has the queue. */
  clear(queue: QueueDefinition): boolean;
}

const objectTypes: Record<string, string> = {
  QLOCAL: 'QLOCAL',
  QL: 'QLOCAL',
  QALIAS: 'QALIAS',
  QA: 'QALIAS',
  CHANNEL: 'CHANNEL',
  CHL: 'CHANNEL',
  AUTHINFO: 'AUTHINFO',
  QMGR: 'QMGR',
};
const verbs: Record<string, string> = { DEF: 'DEFINE', ALT: 'ALTER', DEL: 'DELETE' };
const queueAttributes = { QLOCAL: localQueueAttributes, QALIAS: aliasQueueAttributes };

/** Verb and object of commands that IBM MQ knows and this queue manager has no use for. */
const withoutEffect = [
  /^SET (CHLAUTH|AUTHREC|LOG|POLICY|SYSTEM|ARCHIVE)\b/,
  /^(DISPLAY|DIS) /,
  /^(DEFINE|ALTER|DELETE) (LISTENER|SERVICE|AUTHINFO|TOPIC|SUB|PROCESS|NAMELIST|COMMINFO|POLICY)\b/,
  /^(DEFINE|ALTER|DELETE) (QREMOTE|QR|QMODEL|QM|STGCLASS)\b/,
  /^(START|STOP) (LISTENER|SERVICE|CHANNEL|CHINIT)\b/,
  /^(REFRESH|PING|RESET|RESOLVE) /,
  /^END$/,
];

/** Attributes of the queue manager that IBM MQ knows and that change nothing here. */
const queueManagerWithoutEffect =
  /^(CHLAUTH|SSL\w*|CERTLABL|MONQ|MONCHL|MONACLS|STAT\w*|ACCT\w*|ACTV\w*|ADVCAP|AUTHOREV|INHIBTEV|LOCALEV|REMOTEEV|PERFMEV|STRSTPEV|CHLEV|CMDEV|CONFIGEV|LOGGEREV|BRIDGEEV|SCHINIT|SCMDSERV|PSMODE|PSCLUS|PSNPMSG|PSNPRES|PSSYNCPT|PSRTYCNT|MAXPROPL|MARKINT|TRIGINT|REPOS\w*|CLW\w*|DEFCLXQ|CHAD\w*|IMGINTVL|IMGLOGLN|IMGRCOVO|IMGRCOVQ|IMGSCHED|IPADDRV|PARENT|REVDNS|ROUTEREC|SPLCAP|SUITEB|TREELIFE|CUSTOM|XRCAP|FORCE|EXPRYINT|ALTSSL\w*|QMNAME|INITKEY|KEYRPWD)$/;
const queueWithoutEffect =
  /^(ACCTQ|MONQ|STATQ|CLUSNL|CLW\w*|CLCHNAME|CAPEXPRY|IMGRCOVQ|MAXFSIZE|OTELTRAC|OTELPCTL|QDPHIEV|QDPLOEV|QDPMAXEV|QSVCIEV|QSVCINT|SCOPE|STREAMQ|STRMQOS|FORCE|NOFORCE|TARGTYPE|DEFTYPE|CMDSCOPE|QSGDISP|STGCLASS|CFSTRUCT|INDXTYPE)$/;
const connectionChecks = new Set(['NONE', 'OPTIONAL', 'REQUIRED', 'REQDADM']);

/** Carries out a command file; a command that cannot be is reported, and the next one follows. */
export function runMqsc(source: string, objects: Objects, target: CommandTarget): MqscResult {
  const runner = new Runner(objects, target);
  for (const command of parseMqsc(source)) runner.run(command);
  return runner.result;
}

class Runner {
  readonly result: MqscResult = { applied: 0, notEnforced: [], problems: [] };
  private command!: Command;

  constructor(
    private readonly objects: Objects,
    private readonly target: CommandTarget,
  ) {}

  run(command: Command): void {
    this.command = command;
    const [first, second, ...rest] = command.words;
    if (command.problem || !first) {
      this.problem(command.problem ?? 'empty command');
      return;
    }
    const verb = verbs[first.keyword] ?? first.keyword;
    const type = second && objectTypes[second.keyword];
    const name = second?.argument ?? '';
    switch (`${verb} ${type ?? ''}`) {
      case 'DEFINE QLOCAL':
      case 'DEFINE QALIAS':
        this.defineQueue(type as 'QLOCAL' | 'QALIAS', name, rest);
        break;
      case 'ALTER QLOCAL':
      case 'ALTER QALIAS':
        this.alterQueue(type as 'QLOCAL' | 'QALIAS', name, rest);
        break;
      case 'DELETE QLOCAL':
      case 'DELETE QALIAS':
        this.deleteQueue(type as 'QLOCAL' | 'QALIAS', name, rest);
        break;
      case 'CLEAR QLOCAL':
        this.clearQueue(name);
        break;
      case 'DEFINE CHANNEL':
      case 'ALTER CHANNEL':
        this.defineChannel(name, rest, verb === 'DEFINE');
        break;
      case 'DELETE CHANNEL':
        this.deleteChannel(name);
        break;
      case 'ALTER QMGR':
        this.alterQueueManager(rest);
        break;
      case 'DEFINE AUTHINFO':
      case 'ALTER AUTHINFO':
        this.defineAuthentication(name, rest);
        break;
      case 'SET ':
        this.security(second, rest);
        break;
      default:
        this.other(`${verb} ${second?.keyword ?? ''}`.trim());
    }
  }

  private security(object: Word | undefined, rest: readonly Word[]): void {
    const keyword = object?.keyword ?? '';
    const problems =
      keyword === 'CHLAUTH'
        ? [
            ...(object?.argument === undefined ? ['SET CHLAUTH needs a channel'] : []),
            ...problemsOfChannelRule(rest),
          ]
        : keyword === 'AUTHREC'
          ? problemsOfAuthorityRecord(rest)
          : [];
    for (const problem of problems) this.problem(problem);
    if (problems.length === 0) this.other(`SET ${keyword}`.trim());
  }

  private other(command: string): void {
    if (withoutEffect.some((pattern) => pattern.test(command))) this.notEnforced(command);
    else this.problem(`${command} is not a command known here`);
  }

  private problem(text: string): void {
    this.result.problems.push({ line: this.command.line, text });
  }

  private notEnforced(text: string): void {
    this.result.notEnforced.push({ line: this.command.line, text });
  }

  private validName(name: string, length: number): boolean {
    if (name.length <= length && /^[A-Za-z0-9._/%]+$/.test(name)) return true;
    this.problem(`'${name}' is not a valid name`);
    return false;
  }

  /** The attributes that words set, with remarks on those that are wrong or have no effect. */
  private attributes(
    definitions: Parameters<typeof parseAttribute>[0],
    words: readonly Word[],
    withoutMeaning: RegExp,
  ): Attributes {
    const attributes: Attributes = {};
    for (const { keyword, argument } of words) {
      const parsed = parseAttribute(definitions, keyword, argument);
      if ('keyword' in parsed) {
        attributes[parsed.keyword] = parsed.value;
        if (parsed.inert) this.notEnforced(keyword);
      } else if (withoutMeaning.test(keyword)) {
        this.notEnforced(keyword);
      } else {
        this.problem(parsed.problem);
      }
    }
    return attributes;
  }

  private defineQueue(type: 'QLOCAL' | 'QALIAS', name: string, words: readonly Word[]): void {
    if (!this.validName(name, 48)) return;
    const existing = this.objects.queue(name);
    const replaces = words.some((word) => word.keyword === 'REPLACE');
    if (existing && !replaces) {
      this.problem(`${name} exists already and the command has no REPLACE`);
      return;
    }
    if (existing && existing.type !== type) {
      this.problem(`${name} exists as another type of queue`);
      return;
    }
    const like = words.find((word) => word.keyword === 'LIKE')?.argument;
    const model = like === undefined ? undefined : this.objects.queue(like);
    if (like !== undefined && model?.type !== type) {
      this.problem(`LIKE(${like}): there is no such ${type}`);
      return;
    }
    const own = new Set(['REPLACE', 'NOREPLACE', 'LIKE', 'TARGQ']);
    const given = [
      ...words.filter((word) => !own.has(word.keyword)),
      ...words.flatMap(({ keyword, argument }) =>
        keyword === 'TARGQ' ? { keyword: 'TARGET', argument } : [],
      ),
    ];
    const attributes = this.attributes(queueAttributes[type], given, queueWithoutEffect);
    // REPLACE sets all attributes anew, those that are not named to their defaults; messages stay.
    if (existing) {
      Object.assign(
        existing.attributes,
        initialAttributes(queueAttributes[type]),
        model?.attributes,
        attributes,
      );
    }
    if (!existing) this.objects.define(name, type, { ...model?.attributes, ...attributes });
    this.result.applied++;
  }

  private existing(type: 'QLOCAL' | 'QALIAS', name: string): QueueDefinition | undefined {
    const queue = this.objects.queue(name);
    if (queue?.type === type) return queue;
    this.problem(`there is no ${type} ${name}`);
    return undefined;
  }

  private alterQueue(type: 'QLOCAL' | 'QALIAS', name: string, words: readonly Word[]): void {
    const queue = this.existing(type, name);
    if (!queue) return;
    Object.assign(queue.attributes, this.attributes(queueAttributes[type], words, queueWithoutEffect));
    this.result.applied++;
  }

  private deleteQueue(type: 'QLOCAL' | 'QALIAS', name: string, words: readonly Word[]): void {
    const queue = this.existing(type, name);
    if (!queue) return;
    const purges = words.some((word) => word.keyword === 'PURGE');
    if (type === 'QLOCAL' && (!purges || !this.target.clear(queue))) {
      this.problem(`${name} can only be deleted with PURGE, while no program uses it`);
      return;
    }
    this.objects.remove(name);
    this.result.applied++;
  }

  private clearQueue(name: string): void {
    const queue = this.existing('QLOCAL', name);
    if (!queue) return;
    if (this.target.clear(queue)) this.result.applied++;
    else this.problem(`${name} is in use`);
  }

  /** @param anew whether what is not given gets its default */
  private defineChannel(name: string, words: readonly Word[], anew: boolean): void {
    if (!this.validName(name, 20)) return;
    const type = words.find((word) => word.keyword === 'CHLTYPE')?.argument;
    if (type === 'CLNTCONN' || (type === undefined && !this.objects.channels.has(name))) {
      this.notEnforced(`CHANNEL(${name}) is not a server connection`);
      return;
    }
    if (type !== undefined && type !== 'SVRCONN') {
      this.notEnforced(`CHLTYPE(${type})`);
      return;
    }
    const heartbeat = words.find((word) => word.keyword === 'HBINT')?.argument;
    if (
      heartbeat !== undefined &&
      !(/^\d+$/.test(heartbeat) && Number(heartbeat) <= MAX_HEARTBEAT_INTERVAL)
    ) {
      this.problem(`HBINT(${heartbeat}) is not a valid value`);
      return;
    }
    this.objects.channels.add(name);
    if (heartbeat !== undefined) this.objects.heartbeatIntervals.set(name, Number(heartbeat));
    else if (anew) this.objects.heartbeatIntervals.delete(name);
    const meant = new Set(['CHLTYPE', 'TRPTYPE', 'HBINT', 'REPLACE', 'NOREPLACE', 'DESCR', 'LIKE']);
    for (const { keyword } of words) if (!meant.has(keyword)) this.notEnforced(keyword);
    this.result.applied++;
  }

  private deleteChannel(name: string): void {
    this.objects.heartbeatIntervals.delete(name);
    if (this.objects.channels.delete(name)) this.result.applied++;
    else this.problem(`there is no channel ${name}`);
  }

  private alterQueueManager(words: readonly Word[]): void {
    const attributes = this.attributes(queueManagerAttributes, words, queueManagerWithoutEffect);
    Object.assign(this.objects.queueManager, attributes);
    this.result.applied++;
  }

  private defineAuthentication(name: string, words: readonly Word[]): void {
    const check = words.find((word) => word.keyword === 'CHCKCLNT')?.argument?.toUpperCase();
    const type = words.find((word) => word.keyword === 'AUTHTYPE')?.argument?.toUpperCase();
    if (type !== undefined && type !== 'IDPWOS') {
      this.notEnforced(`AUTHTYPE(${type})`);
      return;
    }
    if (check !== undefined && !connectionChecks.has(check)) {
      this.problem(`CHCKCLNT(${check}) is not a valid value`);
      return;
    }
    this.objects.clientChecks.set(
      name,
      (check ?? this.objects.clientChecks.get(name) ?? 'REQDADM') as ClientCheck,
    );
    const meant = new Set(['CHCKCLNT', 'AUTHTYPE', 'REPLACE', 'NOREPLACE', 'DESCR', 'LIKE']);
    for (const { keyword } of words) if (!meant.has(keyword)) this.notEnforced(keyword);
    this.result.applied++;
  }
}
