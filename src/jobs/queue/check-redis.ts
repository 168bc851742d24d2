import { once } from 'node:events';
import { connect } from 'node:net';
import { Cluster } from 'ioredis';
import { isSupportedRedis } from '../../contract/redis-version.js';
import { explainRedis } from '../../contract/server-faults.js';
import { openRedis, type RedisClient } from './address.js';

const CONNECT_MS = 5_000;
const GREETING_MS = 1_000;

/** One attempt to connect. */
const ONCE = {
  lazyConnect: true,
  connectTimeout: CONNECT_MS,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
};

export interface RedisServer {
  readonly name: string;
  readonly version: string;
}

/**
 * Looks at the Redis that a setting names.
 * @throws Error that names the setting, what is wrong and the remedy: it cannot be reached, is too old, or may evict keys
 */
export async function checkRedis(url: string): Promise<RedisServer> {
  const redis = openRedis(url, ONCE);
  // After a failed connection, ioredis reports the reason here, and only "Connection is closed." to waiting
  // callers.
  let reason: NodeJS.ErrnoException | null = null;
  const note = (error: Error) => {
    reason ??= error;
  };
  redis.on('error', note);
  // A client of a cluster says of each node what is wrong with it.
  if (redis instanceof Cluster) redis.on('node error', note);
  try {
    // A client of a cluster that finds no node to its liking ends, and leaves its caller waiting.
    const ended = once(redis, 'end').then(() => Promise.reject(new Error('Connection is closed.')));
    ended.catch(() => undefined);
    await Promise.race([redis.connect(), ended]);
    return await inspect(redis);
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (redis.isCluster && reason === null) refuse(INCOMPLETE);
    const known = causeOf(reason ?? (error as Error));
    const fault = (redis.isCluster && (await faultOfNode(url))) || known;
    throw new Error(explainRedis(url, fault, await greetingOf(url)), { cause: fault });
  } finally {
    redis.disconnect();
  }
}

/** Looks at every master of a cluster, since the queue may come to lie on any of them. */
async function inspect(redis: RedisClient): Promise<RedisServer> {
  if (!(redis instanceof Cluster)) return accepted(await redis.info(), MODES_OF_OTHER_URLS);
  const servers = await Promise.all(
    redis.nodes('master').map(async (node) => accepted(await node.info(), {})),
  );
  return servers[0] ?? refuse('REDIS_URL: the cluster has no master that can be reached.');
}

function refuse(message: string): never {
  throw new Refused(message);
}

/** The fault of a connection to the first node alone: a client of a cluster says only that it was closed. */
async function faultOfNode(url: string): Promise<Error | null> {
  const node = openRedis(Object.assign(new URL(url), { search: '' }).href, ONCE);
  const failed = once(node, 'error').then(([error]) => error as Error);
  try {
    return await Promise.race([failed, node.connect().then(() => null)]);
  } catch {
    return await failed.catch(() => null);
  } finally {
    node.disconnect();
  }
}

const INCOMPLETE =
  'REDIS_URL: the cluster answers, but does not serve all of its slots. Look at `redis-cli --cluster check HOST:PORT`.';

/** A client of a cluster wraps the reason of the last node that it asked. */
function causeOf(error: Error & { readonly lastNodeError?: unknown }): NodeJS.ErrnoException {
  return error.lastNodeError instanceof Error ? error.lastNodeError : error;
}

class Refused extends Error {}

const MODES_OF_OTHER_URLS: Readonly<Record<string, string>> = {
  cluster:
    'the server belongs to a Redis Cluster. Name others of its nodes behind the URL: ?cluster_nodes=HOST:PORT,HOST:PORT.',
  sentinel:
    'this is a Sentinel, which stores no data. Write the name of the master that it watches behind the URL: ?sentinel_master=NAME.',
};

function accepted(info: string, refusedModes: Readonly<Record<string, string>>): RedisServer {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version');
  if (!isSupportedRedis(version)) {
    throw new Refused(`REDIS_URL: the server is version ${version}; Redis >= 6.2 or Valkey is needed.`);
  }
  // The second is Valkey's name.
  const refusal = refusedModes[field('redis_mode') ?? field('server_mode') ?? ''];
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
