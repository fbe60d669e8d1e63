import type { Word } from './mqsc.js';

/**
 * SET CHLAUTH and SET AUTHREC, read as IBM MQ reads them and then not enforced: a file that is right here must not turn out
 * wrong on a real queue manager.
 */

interface Grammar {
  /** What each word takes: undefined for any text, or the values it knows; several, separated by commas, where `list`. */
  readonly words: Readonly<
    Record<string, { readonly values?: ReadonlySet<string>; readonly list?: boolean }>
  >;
  /** Of each group exactly one word is there. */
  readonly oneOf: readonly (readonly string[])[];
}

const valuesOf = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const anyText = {};

const authorities = valuesOf(
  'NONE ALL ALLADM ALLMQI ALTUSR BROWSE CHG CLR CONNECT CRT CTRL CTRLX DLT DSP GET INQ PASSALL PASSID PUB PUT RESUME SET SETALL SETID SUB SYSTEM',
);
const authorityRecord: Grammar = {
  words: {
    PROFILE: anyText,
    OBJTYPE: {
      values: valuesOf(
        'AUTHINFO CHANNEL CLNTCONN COMMINFO LISTENER NAMELIST PROCESS QUEUE QMGR RQMNAME SERVICE TOPIC',
      ),
    },
    PRINCIPAL: anyText,
    GROUP: anyText,
    AUTHADD: { values: authorities, list: true },
    AUTHRMV: { values: authorities, list: true },
    SERVCOMP: anyText,
  },
  oneOf: [['OBJTYPE'], ['PRINCIPAL', 'GROUP']],
};

const mapped = {
  USERSRC: { values: valuesOf('MAP NOACCESS CHANNEL') },
  MCAUSER: anyText,
  CHCKCLNT: { values: valuesOf('REQUIRED REQDADM ASQMGR') },
};
const inEveryRule = {
  TYPE: anyText,
  DESCR: anyText,
  CUSTOM: anyText,
  WARN: { values: valuesOf('YES NO') },
  ACTION: { values: valuesOf('ADD REPLACE REMOVE REMOVEALL') },
};
const rule = (own: Grammar['words'], ...oneOf: string[]): Grammar => ({
  words: { ...inEveryRule, ...own },
  oneOf: oneOf.map((word) => [word]),
});

/** The rules of channel authentication, by TYPE. */
const channelRules: Readonly<Record<string, Grammar>> = {
  ADDRESSMAP: rule({ ADDRESS: anyText, ...mapped }, 'ADDRESS'),
  BLOCKADDR: rule({ ADDRLIST: anyText }, 'ADDRLIST'),
  BLOCKUSER: rule({ USERLIST: anyText }, 'USERLIST'),
  QMGRMAP: rule({ QMNAME: anyText, ADDRESS: anyText, ...mapped }, 'QMNAME'),
  SSLPEERMAP: rule({ SSLPEER: anyText, SSLCERTI: anyText, ADDRESS: anyText, ...mapped }, 'SSLPEER'),
  USERMAP: rule({ CLNTUSER: anyText, ADDRESS: anyText, ...mapped }, 'CLNTUSER'),
};

/** @returns what is wrong with the words after SET CHLAUTH */
export function problemsOfChannelRule(words: readonly Word[]): string[] {
  const type = words.find(({ keyword }) => keyword === 'TYPE')?.argument;
  if (type === undefined) return ['SET CHLAUTH needs TYPE'];
  const grammar = channelRules[type];
  if (!grammar) return [`TYPE(${type}) is not a valid value`];
  const problems = problemsOf(words, grammar);
  const source = words.find(({ keyword }) => keyword === 'USERSRC')?.argument;
  const hasUser = words.some(({ keyword }) => keyword === 'MCAUSER');
  if (source === 'MAP' && !hasUser) problems.push('USERSRC(MAP) needs MCAUSER');
  if (source !== undefined && source !== 'MAP' && hasUser)
    problems.push(`USERSRC(${source}) takes no MCAUSER`);
  return problems;
}

/** @returns what is wrong with the words after SET AUTHREC */
export function problemsOfAuthorityRecord(words: readonly Word[]): string[] {
  const problems = problemsOf(words, authorityRecord);
  const has = (name: string): boolean => words.some(({ keyword }) => keyword === name);
  if (!has('AUTHADD') && !has('AUTHRMV')) problems.push('AUTHADD or AUTHRMV is missing');
  const isQueueManager = words.some(({ keyword, argument }) => keyword === 'OBJTYPE' && argument === 'QMGR');
  if (!isQueueManager && !has('PROFILE')) problems.push('PROFILE is missing');
  return problems;
}

function problemsOf(words: readonly Word[], { words: known, oneOf }: Grammar): string[] {
  const problems: string[] = [];
  for (const { keyword, argument } of words) {
    const meaning = known[keyword];
    if (!meaning) problems.push(`${keyword} is not an attribute known here`);
    else if (argument === undefined) problems.push(`${keyword} needs a value in parentheses`);
    else {
      const given = meaning.list ? argument.split(',').map((value) => value.trim()) : [argument];
      const wrong = given.filter((value) => meaning.values && !meaning.values.has(value));
      if (wrong.length > 0) problems.push(`${keyword}(${wrong.join(',')}) is not a valid value`);
    }
  }
  for (const group of oneOf) {
    const given = words.filter(({ keyword }) => group.includes(keyword)).length;
    if (given !== 1) problems.push(`exactly one ${group.join(' or ')} is needed`);
  }
  return problems;
}
