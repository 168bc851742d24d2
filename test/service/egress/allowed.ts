import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT } from '../../../src/service/root.js';
import type { Deed } from './watched.js';

type Kind = Deed['kind'];
type Matches = (what: string) => boolean;
type Allowed = readonly [kinds: readonly Kind[], matches: Matches, why: string];

const inside =
  (folder: string): Matches =>
  (path) =>
    path === folder || path.startsWith(`${folder}/`);
const like =
  (pattern: RegExp): Matches =>
  (what) =>
    pattern.test(what);

const READ: readonly Kind[] = ['read'];
const FILE: readonly Kind[] = ['read', 'write'];
const PROGRAM: readonly Kind[] = ['program'];

/** Actions outside its home that processes of a service may take. No name is looked up and nothing is sent. */
const ALLOWED: readonly Allowed[] = [
  [['connect'], like(/^127\.0\.0\.1 (?!53$)\d+$/), 'Postgres and Redis of the service'],
  [READ, inside(resolve(ROOT)), 'the code'],
  [FILE, inside(join(ROOT, 'dist')), 'the code as it is compiled at the start'],
  [FILE, like(/\/\.dist\.lock$/), 'one process compiles at a time'],
  [READ, inside(join(homedir(), '.cache/strata')), 'TensorFlow, its binding and Valkey'],
  [[...FILE, 'connect'], like(/^\/tmp\/tsx-\d+(\/|$)/), 'tsx, which runs the command `npm start`'],
  [READ, like(/^\/(proc|sys)\//), 'the description of the machine: cores, memory, devices'],
  [
    FILE,
    like(/^\/proc\/self\/(uid_map|gid_map|setgroups)$/),
    '`unshare` gives Postgres an account that is not root',
  ],
  [FILE, like(/^\/dev\/(null|random|srandom|urandom)$/), 'random numbers'],
  [READ, like(/^\/etc\/ssl\//), 'settings and certificates of OpenSSL, which is in Node'],
  [READ, like(/^\/etc\/(resolv|nsswitch|svc|netsvc)\.conf$/), 'c-ares, which is in Node, when it is loaded'],
  [READ, like(/^\/usr\/(lib|share)\/locale(\/|$)/), 'initdb'],
  [READ, like(/^\/(usr\/share\/zoneinfo\/|etc\/localtime$)/), 'the time zone of the machine'],
  [
    READ,
    like(/\/bin\/(node|prebuilds|tensorflow\/core\/kernels)$/),
    'libraries look for files beside the program',
  ],
  [PROGRAM, like(/\/bin\/node$/), 'all processes of Strata'],
  [PROGRAM, like(/\/(postgres|initdb|valkey-server|redis-server)$/), 'the servers'],
  [PROGRAM, like(/\/bin\/(dash|bash|setpriv|true)$/), 'limits of children, which end with their parent'],
  [PROGRAM, like(/\/bin\/(flock|unshare)$/), 'the lock of the home, and the account of Postgres'],
  [PROGRAM, like(/\/bin\/(id|locale|nvidia-smi)$/), 'initdb, and the search for GPUs'],
];

/** The deeds outside these folders that nothing on the list allows, as lines. */
export function unexplained(deeds: readonly Deed[], folders: readonly string[]): string[] {
  const own = folders.map((folder): Allowed => [FILE, inside(folder), 'data of the service']);
  const allowed = [...ALLOWED, ...own];
  const isAllowed = ({ kind, what }: Deed) =>
    allowed.some(([kinds, matches]) => kinds.includes(kind) && matches(what));
  return deeds
    .filter((deed) => !isAllowed(deed))
    .map(({ kind, what, process }) => `${kind} ${what} by ${process}`);
}
