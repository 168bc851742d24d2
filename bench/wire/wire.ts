import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const HUB = fileURLToPath(new URL('./hub.py', import.meta.url));
const addressOf = (index: number): string => `10.77.0.${index + 2}`;
/** Address of this process's own namespace on the wire. */
const HERE = '10.77.0.1';
const ETHERNET_MTU = 1_500;

const run = promisify(execFile);

/** Hosts, which are network namespaces, and the wire that connects them with this process. */
export interface Wire {
  /** Command that starts a program on the host: the program and its arguments follow. */
  readonly onHost: (host: string) => readonly string[];
  /** Address of this process on the wire, where it is on it. */
  readonly here: string;
  /** Address of the host on the wire. */
  readonly addressOf: (host: string) => string;
  /** The same URL for the hosts: its server listens on 127.0.0.1 here. */
  reachable(url: string): Promise<string>;
  /** @param milliseconds there and back */
  roundTrip(milliseconds: number): Promise<void>;
  /** @param share of packets, 0..1 */
  lose(share: number): Promise<void>;
  /** @param bytesPerSecond of what each host sends; 0: no limit */
  limitRate(bytesPerSecond: number): Promise<void>;
  cut(host: string): Promise<void>;
  heal(host: string): Promise<void>;
  close(): Promise<void>;
}

/** Why this machine can have no hosts: it takes root, `ip` and /dev/net/tun. Null: it can. */
export async function whyNoWire(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  return run('ip', ['netns', 'list']).then(
    () => null,
    () => 'there is no `ip netns`',
  );
}

/**
 * Makes the hosts.
 * @param isHere whether this process is on the wire, too; one wire at a time can have that
 * @param mtu bytes of a packet, at most
 * @throws Error without root, `ip` or /dev/net/tun
 */
export async function layWire(hosts: readonly string[], isHere = true, mtu = ETHERNET_MTU): Promise<Wire> {
  for (const host of hosts) {
    // A run that was killed leaves its hosts.
    await run('ip', ['netns', 'delete', host]).catch(() => undefined);
    await run('ip', ['netns', 'add', host]);
    await run('ip', ['-n', host, 'link', 'set', 'lo', 'up']);
  }
  const addresses = hosts.map((host, index) => `${host}=${addressOf(index)}`);
  const hub = spawn('python3', [HUB, String(mtu), ...(isHere ? [`-=${HERE}`] : []), ...addresses], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(hub, 'exit');
  const lines = createInterface({ input: hub.stdout })[Symbol.asyncIterator]();
  const answer = async (expected: string) => {
    const { value } = await lines.next();
    if (value !== expected) throw new Error(`the wire answered ${value}, not ${expected}`);
  };
  await answer('ready');
  const order = (line: string) => {
    hub.stdin.write(`${line}\n`);
    return answer(line);
  };
  const passages: Awaited<ReturnType<typeof openPassage>>[] = [];
  return {
    here: HERE,
    addressOf: (host) => addressOf(hosts.indexOf(host)),
    onHost: (host) => ['ip', 'netns', 'exec', host],
    async reachable(url) {
      passages.push(await openPassage(Number(new URL(url).port)));
      return url.replace('127.0.0.1', HERE);
    },
    roundTrip: (milliseconds) => order(`delay ${milliseconds / 2}`),
    lose: (share) => order(`loss ${share}`),
    limitRate: (bytesPerSecond) => order(`rate ${bytesPerSecond}`),
    cut: (host) => order(`cut ${host}`),
    heal: (host) => order(`heal ${host}`),
    async close() {
      await Promise.all(passages.map((passage) => passage.close()));
      hub.stdin.end();
      await exited;
      for (const host of hosts) await run('ip', ['netns', 'delete', host]);
    },
  };
}

/** Passes connections to a port of the wire's address on to the same port of 127.0.0.1. */
async function openPassage(port: number) {
  const open = new Set<Socket>();
  const server = createServer((outer) => {
    const inner = connectTo(port, '127.0.0.1');
    for (const [socket, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      // The other end is told in its own way.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(port, HERE);
  await once(server, 'listening');
  return {
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
