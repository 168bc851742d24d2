import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A lock that is held. The kernel frees it when every process that has its descriptor has ended. */
export interface Lock {
  /** A child that inherits this descriptor holds the lock as well, until it ends. */
  readonly fd: number;
  /** Leaves a note for those who find the lock taken. */
  write(note: string): void;
  release(): void;
}

/** Exit code of flock(1) where somebody else holds the lock; its own failures have codes from 64. */
const TAKEN = 1;

/**
 * Runs `work` while nobody else holds the lock of `path`.
 *
 * The lock of a path is the file `.<name>.lock` beside it, locked by flock(2). It holds for every process that sees the
 * same folder, through any spelling, link or namespace. Only those who may write the folder can take it. It ends with its
 * holder, so there are no stale locks to detect. Node has no flock: flock(1) locks the open file that it inherits.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  const lock = await acquire(path, { onWait });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

export interface AcquireOptions {
  /** Called once if another holds the lock. */
  readonly onWait?: (() => void) | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits in the kernel for as long as another holds the lock. */
export async function acquire(path: string, { onWait, signal }: AcquireOptions = {}): Promise<Lock> {
  let lock = await tryAcquire(path);
  if (!lock) onWait?.();
  while (!lock) lock = await lockFile(path, [], signal);
  return lock;
}

/** Takes the lock if it is free, otherwise returns undefined at once. */
export function tryAcquire(path: string): Promise<Lock | undefined> {
  return lockFile(path, ['--nonblock']);
}

/** The note of the lock's holder, or of its last one. */
export async function lockNote(path: string): Promise<string> {
  return readFile(await lockPath(path), 'utf8').catch(() => '');
}

/** The file lies in the real folder: all spellings of a path have one lock. */
async function lockPath(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  return join(await realpath(dirname(path)), `.${basename(path)}.lock`);
}

async function lockFile(
  path: string,
  how: readonly string[],
  signal?: AbortSignal,
): Promise<Lock | undefined> {
  const name = await lockPath(path);
  const fd = openSync(name, 'a+', 0o600);
  let held = false;
  try {
    held = (await flock(fd, how, name, signal)) && isStill(name, fd);
  } finally {
    if (!held) closeSync(fd);
  }
  return held ? heldLock(fd) : undefined;
}

async function flock(
  fd: number,
  how: readonly string[],
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'ignore', 'pipe', fd];
  const child = spawn('flock', [...how, '3'], { stdio, ...(signal && { signal }) });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return true;
  if (code === TAKEN) return false;
  throw new Error(`${name} cannot be locked: ${said.trim() || `flock ended with ${code}`}`);
}

/** False where the last holder removed the folder, the lock's file included. */
function isStill(name: string, fd: number): boolean {
  const [there, ours] = [statSync(name, { throwIfNoEntry: false }), fstatSync(fd)];
  return there?.ino === ours.ino && there.dev === ours.dev;
}

function heldLock(fd: number): Lock {
  let open = true;
  return {
    fd,
    write(note) {
      ftruncateSync(fd);
      writeSync(fd, note);
    },
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
