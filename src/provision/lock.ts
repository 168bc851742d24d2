import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Runs `work` while no other process of this machine and user holds the lock `name`.
 *
 * The lock is a listening socket in Linux's abstract namespace: the kernel grants it to one process and takes it
 * back when that process ends, however it ends. So there are no stale locks to detect, and waiting is an event
 * (the holder's socket closes), not a poll.
 */
export async function withLock<T>(name: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  const release = await acquire(name, onWait);
  try {
    return await work();
  } finally {
    await release();
  }
}

export async function acquire(name: string, onWait: () => void = () => {}): Promise<() => Promise<void>> {
  const address = lockAddress(name);
  for (;;) {
    const release = await tryListen(address);
    if (release) return release;
    onWait();
    await holderGone(address);
  }
}

/** Takes the lock if it is free; otherwise answers undefined at once. */
export function tryAcquire(name: string): Promise<(() => Promise<void>) | undefined> {
  return tryListen(lockAddress(name));
}

function lockAddress(name: string): string {
  const digest = createHash('sha256').update(`${process.getuid?.()}:${name}`).digest('hex').slice(0, 32);
  return `\0strata-lock-${digest}`;
}

function tryListen(address: string): Promise<(() => Promise<void>) | undefined> {
  const waiters = new Set<Socket>();
  const server = createServer((socket) => {
    waiters.add(socket.on('error', () => {}).on('close', () => waiters.delete(socket)));
    socket.unref();
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => {
      server.unref();
      resolve(() => close(server, waiters));
    });
  });
}

function close(server: Server, waiters: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of waiters) socket.destroy();
  });
}

/** Resolves when the holder's end of a connection to it closes, or when there is nobody to connect to. */
function holderGone(address: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume();
  });
}
