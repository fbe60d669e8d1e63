import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runMqsc } from './mqsc-commands.js';
import { Objects } from './objects.js';

let folder: string;
let objects: Objects;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-mq-'));
  objects = Objects.load(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (source: string) => runMqsc(source, objects, { clear: () => true });
const attributes = (name: string) => objects.queue(name)!.attributes;

test('a production file is carried out; what has no effect here is named with its line, and nothing fails', () => {
  const result = run(`
* Queues
DEFINE QLOCAL(INVENTORY.EVENTS) DEFPSIST(YES) BOTHRESH(5) BOQNAME(INVENTORY.EVENTS.BOQ) MAXDEPTH(500000) REPLACE
DEFINE QLOCAL(INVENTORY.EVENTS.BOQ) DEFPSIST(YES) NOTRIGGER REPLACE
DEFINE QALIAS(EVENTS) TARGQ(INVENTORY.EVENTS) REPLACE
DEFINE QREMOTE(ELSEWHERE) RNAME(X) RQMNAME(QM2) REPLACE
DEFINE TOPIC(T) TOPICSTR('t') REPLACE
* Connections
DEFINE CHANNEL(APP.SVRCONN) CHLTYPE(SVRCONN) TRPTYPE(TCP) MAXMSGL(104857600) MCAUSER('app') +
       SSLCIPH('ANY_TLS12_OR_HIGHER') REPLACE
DEFINE LISTENER(L) TRPTYPE(TCP) CONTROL(QMGR) REPLACE
START LISTENER(L)
DEFINE AUTHINFO(AUTH) AUTHTYPE(IDPWOS) CHCKCLNT(REQUIRED) REPLACE
ALTER QMGR CONNAUTH(AUTH) CHLAUTH(ENABLED) DEADQ(SYSTEM.DEAD.LETTER.QUEUE) MAXMSGL(104857600)
SET CHLAUTH('*') TYPE(ADDRESSMAP) ADDRESS('*') USERSRC(NOACCESS) ACTION(REPLACE)
SET AUTHREC PROFILE('INVENTORY.**') OBJTYPE(QUEUE) PRINCIPAL('app') AUTHADD(PUT,GET,BROWSE,INQ)
REFRESH SECURITY TYPE(CONNAUTH)
`);
  expect(result.problems).toEqual([]);
  expect(result.notEnforced).toEqual([
    { line: 4, text: 'NOTRIGGER' },
    { line: 6, text: 'DEFINE QREMOTE' },
    { line: 7, text: 'DEFINE TOPIC' },
    { line: 9, text: 'MAXMSGL' },
    { line: 9, text: 'MCAUSER' },
    { line: 9, text: 'SSLCIPH' },
    { line: 11, text: 'DEFINE LISTENER' },
    { line: 12, text: 'START LISTENER' },
    { line: 14, text: 'CHLAUTH' },
    { line: 15, text: 'SET CHLAUTH' },
    { line: 16, text: 'SET AUTHREC' },
    { line: 17, text: 'REFRESH SECURITY' },
  ]);
  expect(attributes('INVENTORY.EVENTS')).toMatchObject({ DEFPSIST: 1, BOTHRESH: 5, MAXDEPTH: 500_000 });
  expect(attributes('EVENTS').TARGET).toBe('INVENTORY.EVENTS');
  expect(objects.channels.has('APP.SVRCONN')).toBe(true);
  expect(objects.clientCheck).toBe('REQUIRED');
  expect(objects.queueManager).toMatchObject({ DEADQ: 'SYSTEM.DEAD.LETTER.QUEUE', MAXMSGL: 104_857_600 });
});

test.each([
  ['DEFINE FOO(BAR)', 'DEFINE FOO is not a command known here'],
  ['DEFINE QLOCAL(A) NONSENSE(1)', 'NONSENSE is not an attribute known here'],
  ['DEFINE QLOCAL(A) MAXDEPTH(MANY)', 'MAXDEPTH(MANY) is not a valid value'],
  ['DEFINE QLOCAL(A) MAXDEPTH', 'MAXDEPTH needs a value in parentheses'],
  ['DEFINE QLOCAL(A) PUT(MAYBE)', 'PUT(MAYBE) is not a valid value'],
  ["DEFINE QLOCAL('A B')", "'A B' is not a valid name"],
  [
    'DEFINE QLOCAL(SYSTEM.DEAD.LETTER.QUEUE)',
    'SYSTEM.DEAD.LETTER.QUEUE exists already and the command has no REPLACE',
  ],
  [
    'DEFINE QALIAS(SYSTEM.DEAD.LETTER.QUEUE) REPLACE',
    'SYSTEM.DEAD.LETTER.QUEUE exists as another type of queue',
  ],
  ['ALTER QLOCAL(NO.SUCH) PUT(DISABLED)', 'there is no QLOCAL NO.SUCH'],
  ['SET FOO(BAR)', 'SET FOO is not a command known here'],
  ["SET CHLAUTH('C') USERSRC(NOACCESS)", 'SET CHLAUTH needs TYPE'],
  ["SET CHLAUTH('C') TYPE(USERMAPS) CLNTUSER('a')", 'TYPE(USERMAPS) is not a valid value'],
  ["SET CHLAUTH('C') TYPE(USERMAP) USERSRC(NOACCESS)", 'exactly one CLNTUSER is needed'],
  ["SET CHLAUTH('C') TYPE(USERMAP) CLNTUSER('a') USERSRC(MAP)", 'USERSRC(MAP) needs MCAUSER'],
  ["SET CHLAUTH('C') TYPE(USERMAP) CLNTUSER('a') CHCKCLNT(YES)", 'CHCKCLNT(YES) is not a valid value'],
  [
    "SET CHLAUTH('C') TYPE(BLOCKUSER) USERLIST('a') SSLPEER('CN=a')",
    'SSLPEER is not an attribute known here',
  ],
  ["SET AUTHREC PROFILE(Q) OBJTYPE(QUEUES) GROUP('g') AUTHADD(PUT)", 'OBJTYPE(QUEUES) is not a valid value'],
  [
    "SET AUTHREC PROFILE(Q) OBJTYPE(QUEUE) GROUP('g') AUTHADD(PUT,TAKE)",
    'AUTHADD(TAKE) is not a valid value',
  ],
  ['SET AUTHREC PROFILE(Q) OBJTYPE(QUEUE) AUTHADD(PUT)', 'exactly one PRINCIPAL or GROUP is needed'],
  ["SET AUTHREC OBJTYPE(QUEUE) GROUP('g') AUTHADD(PUT)", 'PROFILE is missing'],
  ["SET AUTHREC OBJTYPE(QMGR) GROUP('g')", 'AUTHADD or AUTHRMV is missing'],
  ['DEFINE QLOCAL(A) LIKE(NO.SUCH)', 'LIKE(NO.SUCH): there is no such QLOCAL'],
])('%s: %s', (source, text) => {
  expect(run(`* first line\n${source}`).problems).toEqual([{ line: 2, text }]);
});

test('a wrong attribute does not keep the others from being set', () => {
  run('DEFINE QLOCAL(A) NONSENSE(1) MAXDEPTH(7)');
  expect(attributes('A').MAXDEPTH).toBe(7);
});

test('ALTER keeps what it does not name, DEFINE REPLACE sets it to its default', () => {
  run('DEFINE QLOCAL(A) MAXDEPTH(7) BOTHRESH(3)\nALTER QLOCAL(A) BOTHRESH(4)');
  expect(attributes('A')).toMatchObject({ MAXDEPTH: 7, BOTHRESH: 4 });
  const { id } = objects.queue('A')!;
  run('DEFINE QLOCAL(A) BOTHRESH(5) REPLACE');
  expect(attributes('A')).toMatchObject({ MAXDEPTH: 5000, BOTHRESH: 5 });
  expect(objects.queue('A')!.id).toBe(id);
});

test('definitions are there again after a restart', () => {
  run(
    "DEFINE QLOCAL(A) DESCR('kept')\nDEFINE CHANNEL(C) CHLTYPE(SVRCONN) TRPTYPE(TCP) HBINT(7)\nALTER QMGR DEADQ(A)",
  );
  objects.save();
  const again = Objects.load(folder);
  expect(again.queue('A')).toEqual(objects.queue('A'));
  expect(again.channels.has('C')).toBe(true);
  expect(again.heartbeatInterval('C')).toBe(7);
  expect(again.queueManager.DEADQ).toBe('A');
});
