import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../contract/message-of.js';

const LOOK_EVERY_MS = 50;

/**
 * A loopback port on which nobody listens at this moment. It is below the ports that Linux gives to connections and to
 * servers that ask for any port (32,768 and up, ip(7)): one of those could be taken while its server restarts.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await canListen('127.0.0.1', port)) return port;
  }
}

/** False if another process listens there. Any other problem with the address is thrown. */
export async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw new Error(`HOST and PORT: cannot listen on ${host}:${port}: ${messageOf(error)}`);
  }
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * The command that runs `command` and ends it with `signal` when this process ends, however that happens. Linux keeps the
 * wish of the last program that changes no account, so it comes last before the program itself.
 */
export function endingWithUs(
  signal: 'TERM' | 'INT' | 'KILL',
  command: readonly string[],
): [file: string, args: string[]] {
  return ['setpriv', ['--pdeathsig', signal, '--', ...command]];
}

/** The command line of a process; undefined if the process does not exist or is a zombie. */
export async function commandLine(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.replaceAll('\0', ' ').trim() || undefined;
}

/**
 * Waits for the end of a process that is not a child of this one. Returns false if it still runs after `timeoutMs`.
 */
export async function processGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while ((await commandLine(pid)) !== undefined) {
    if (performance.now() > deadline) return false;
    await delay(LOOK_EVERY_MS);
  }
  return true;
}

/** Reads a file; undefined if it does not exist. */
export async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
