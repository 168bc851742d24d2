import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './root.js';
import { openServiceLog } from './service-log.js';

/** Tells `npm start` that it is the service that `--detach` started. */
export const DETACHED = 'STRATA_DETACHED_START';

const START = join(ROOT, 'src/service/commands/start.ts');
/** Bytes of the log that are shown where the start fails. */
const SHOWN_BYTES = 4_000;

/**
 * Starts the service in a session of its own: it goes on when this process and its terminal have ended. Its output goes
 * to logs/service.log of the home. Aborting `signal` ends the start. @returns the address of the API, which serves
 */
export async function startDetached(home: string, signal: AbortSignal): Promise<string> {
  const { fd: log, path } = openServiceLog(home);
  const { size } = fstatSync(log);
  console.log(`… starting in the background; its log is ${path}`);
  const child = fork(START, [], {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, [DETACHED]: '1' },
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const url = await addressOf(child);
  signal.throwIfAborted();
  if (url !== null) {
    child.unref();
    return url;
  }
  throw new Error(`The service ended before it served. The end of ${path}:\n${await tail(path, size)}`);
}

/** @returns null where the service ended first */
async function addressOf(child: ChildProcess): Promise<string | null> {
  const ready = once(child, 'message').then(([url]) => String(url));
  const ended = once(child, 'exit').then(() => null);
  return Promise.race([ready, ended]);
}

async function tail(path: string, from: number): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - SHOWN_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}
