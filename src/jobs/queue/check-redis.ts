import { once } from 'node:events';
import { connect } from 'node:net';
import { isSupportedRedis } from '../../contract/redis-version.js';
import { explainRedis } from '../../contract/server-faults.js';
import { openRedis } from './address.js';

const CONNECT_MS = 5_000;
const GREETING_MS = 1_000;

export interface RedisServer {
  readonly name: string;
  readonly version: string;
}

/**
 * Looks at the Redis that a setting names.
 * @throws Error that names the setting, what is wrong and the remedy: it cannot be reached, is too old, or may evict keys
 */
export async function checkRedis(url: string): Promise<RedisServer> {
  const redis = openRedis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  });
  // After a failed connection, ioredis reports the reason here, and only "Connection is closed." to waiting
  // callers.
  let reason: NodeJS.ErrnoException | null = null;
  redis.on('error', (error: Error) => {
    reason ??= error;
  });
  try {
    await redis.connect();
    return accepted(await redis.info());
  } catch (error) {
    if (error instanceof Refused) throw error;
    const fault = reason ?? (error as Error);
    throw new Error(explainRedis(url, fault, await greetingOf(url)), { cause: fault });
  } finally {
    redis.disconnect();
  }
}

class Refused extends Error {}

const MODES_WITHOUT_QUEUE: Readonly<Record<string, string>> = {
  cluster:
    'the server belongs to a Redis Cluster, which may keep the keys of the queue apart. Name a server that is not in a cluster.',
  sentinel:
    'this is a Sentinel, which stores no data. Write the name of the master that it watches behind the URL: ?sentinel_master=NAME.',
};

function accepted(info: string): RedisServer {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version');
  if (!isSupportedRedis(version)) {
    throw new Refused(`REDIS_URL: the server is version ${version}; Redis >= 6.2 or Valkey is needed.`);
  }
  // The second is Valkey's name.
  const refusal = MODES_WITHOUT_QUEUE[field('redis_mode') ?? field('server_mode') ?? ''];
  if (refusal !== undefined) throw new Refused(`REDIS_URL: ${refusal}`);
  const policy = field('maxmemory_policy');
  if (policy !== 'noeviction') {
    throw new Refused(
      `REDIS_URL: the server's maxmemory-policy is '${policy}', under which it may drop queued jobs. ` +
        'Correct it with:  redis-cli CONFIG SET maxmemory-policy noeviction',
    );
  }
  return { name: field('server_name') ?? 'redis', version: field('valkey_version') ?? version ?? '' };
}

/**
 * Message that the server sends before any request. It then closes the connection, and a client that writes at once
 * never reads the message.
 */
async function greetingOf(url: string): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  if (protocol !== 'redis:') return '';
  const socket = connect(Number(port) || 6379, hostname.replace(/^\[(.*)\]$/, '$1'));
  try {
    const signal = AbortSignal.timeout(GREETING_MS);
    const [said] = (await once(socket, 'data', { signal })) as [Buffer];
    return said.toString('latin1');
  } catch {
    return '';
  } finally {
    socket.destroy();
  }
}
