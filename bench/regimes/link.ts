import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...words: string[]) => run('ip', words);

const HOSTS = ['strata-link-0', 'strata-link-1'] as const;
const DEVICE = 'link0';
const addressOf = (host: number): string => `10.79.0.${host + 1}`;
/** The kernel's token bucket lets so much pass at once, and drops what would wait longer than this. */
const BUCKET = ['burst', '64kb', 'latency', '400ms'];

/** Two network namespaces, one for each rank, which only a wire of a certain rate connects. */
export interface Link {
  /** Program and arguments that start another program in the namespace of a rank. */
  readonly onHost: (rank: number) => readonly string[];
  readonly addressOf: (rank: number) => string;
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/**
 * A wire without delay, whose rate the kernel keeps in each direction.
 * @param bytesPerSecond null: as quick as the processors are
 * @throws Error without root
 */
export async function layLink(bytesPerSecond: number | null): Promise<Link> {
  await removeHosts();
  for (const [index, host] of HOSTS.entries()) {
    await ip('netns', 'add', host);
    await ip('-n', host, 'link', 'set', 'lo', 'up');
    if (index > 0) continue;
    await ip('-n', host, 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', 'far');
  }
  await ip('-n', HOSTS[0], 'link', 'set', 'far', 'netns', HOSTS[1]);
  await ip('-n', HOSTS[1], 'link', 'set', 'far', 'name', DEVICE);
  for (const [index, host] of HOSTS.entries()) {
    await ip('-n', host, 'addr', 'add', `${addressOf(index)}/24`, 'dev', DEVICE);
    await ip('-n', host, 'link', 'set', DEVICE, 'up');
    if (bytesPerSecond === null) continue;
    const rate = `${8 * bytesPerSecond}bit`;
    await run('tc', ['-n', host, 'qdisc', 'add', 'dev', DEVICE, 'root', 'tbf', 'rate', rate, ...BUCKET]);
  }
  return {
    onHost: (rank) => ['ip', 'netns', 'exec', HOSTS[rank]!],
    addressOf,
    env: { MASTER_ADDR: addressOf(0), GLOO_SOCKET_IFNAME: DEVICE },
    remove: removeHosts,
  };
}

/** Removes those of a run that was killed, too. */
async function removeHosts(): Promise<void> {
  for (const host of HOSTS) await ip('netns', 'delete', host).catch(() => undefined);
}
