import { readlinkSync } from 'node:fs';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { acquire, type Lock, lockNote, tryAcquire } from '../provision/lock.js';
import { ROOT } from './root.js';

/** The holder of a home folder, shown to others that want to use it. */
export interface Holder {
  readonly pid: number;
  /** Process ids mean something within one namespace only. */
  readonly pidNamespace: string;
  readonly host: string;
  /** `npm stop` ends services, and nothing else that has the home for a while, like `npm run reset`. */
  readonly isService: boolean;
  /** Address of the API, once it serves. */
  readonly url: string | null;
}

/** A home that is ours alone until `lock` is released. */
export interface ClaimedHome {
  /** Its real path: no link leads past it. */
  readonly path: string;
  readonly lock: Lock;
  /** Tells those who find the home taken that a service has it, and where it serves. */
  announce(url: string | null): void;
}

/**
 * Claims a home: one service, reset or key command at a time uses its servers and slots. @returns undefined where another
 * has it
 */
export async function claimHome(home: string): Promise<ClaimedHome | undefined> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = await realpath(home);
  const lock = await tryAcquire(lockOf(path));
  if (lock) await closeFolders(path);
  if (!lock) return undefined;
  const write = (isService: boolean, url: string | null) => {
    const holder: Holder = {
      pid: process.pid,
      pidNamespace: pidNamespace(),
      host: hostname(),
      isService,
      url,
    };
    lock.write(JSON.stringify(holder));
  };
  write(false, null);
  return { path, lock, announce: (url) => write(true, url) };
}

/** Folders of tenants' bytes. Older versions left them open to every account of the machine. */
const PRIVATE_FOLDERS = ['blobs', 'uploads', 'logs', 'quickstart'];

async function closeFolders(home: string): Promise<void> {
  for (const name of PRIVATE_FOLDERS)
    await chmod(join(home, name), 0o700).catch((error: NodeJS.ErrnoException) => {
      // It is not there, or an operator gave it to another account.
      if (error.code !== 'ENOENT' && error.code !== 'EPERM') throw error;
    });
}

/** The process that holds a home, and how to stop it. */
export async function describeHolder(home: string): Promise<string> {
  const holder = await holderOf(home);
  if (!holder) return 'Stop it first.';
  if (!isHere(holder)) return `It runs in another container, on ${holder.host}. Stop it there.`;
  const { pid, isService, url } = holder;
  const place = url === null ? '' : ` at ${url}`;
  return `It is process ${pid}${place}. To stop it:  ${isService ? stopCommand(home) : `kill ${pid}`}`;
}

/** The last process that claimed a home. It may have ended. */
export async function holderOf(home: string): Promise<Holder | undefined> {
  const path = await realpath(home).catch(() => undefined);
  return path === undefined ? undefined : parse(await lockNote(lockOf(path)));
}

/** Whether the pid of a holder means something to this process. */
export function isHere({ pidNamespace: namespace }: Holder): boolean {
  return namespace === pidNamespace();
}

/** The command that ends the service of a home, in any shell in the checkout. */
export function stopCommand(home: string): string {
  return home === join(ROOT, '.strata') ? 'npm stop' : `STRATA_HOME=${home} npm stop`;
}

/** Waits until nobody has the home. @throws the reason of `signal` */
export async function released(home: string, signal: AbortSignal): Promise<void> {
  (await acquire(lockOf(await realpath(home)), { signal })).release();
}

const LOCKED = 'service';
/** The only file of a home that is claimed and otherwise empty. */
export const LOCK_FILE = `.${LOCKED}.lock`;

/** Path whose lock is that of a home. */
export function lockOf(home: string): string {
  return join(home, LOCKED);
}

function parse(note: string): Holder | undefined {
  try {
    const holder = JSON.parse(note) as Partial<Holder> & Pick<Holder, 'pid' | 'pidNamespace' | 'host'>;
    // Notes of older versions do not say what has the home.
    return { isService: true, url: null, ...holder };
  } catch {
    return undefined;
  }
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}
