import { Redis } from 'ioredis';
import { parseSentinelUrl, type SentinelAddress } from '../../contract/redis-url.js';

/** Options of a connection, beside the address. */
export interface ClientOptions {
  readonly maxRetriesPerRequest: number | null;
  readonly lazyConnect?: boolean;
  readonly enableOfflineQueue?: boolean;
  readonly connectTimeout?: number;
  readonly commandTimeout?: number;
  readonly socketTimeout?: number;
  readonly retryStrategy?: () => null;
  readonly sentinelRetryStrategy?: () => null;
}

type Address = { readonly url: string } | ReturnType<typeof sentinelOptions>;

/** Connects to the Redis that REDIS_URL names: a server, or the master that Sentinels know, also after a failover. */
export function openRedis(redisUrl: string, options: ClientOptions): Redis {
  const address = addressOptions(redisUrl);
  return 'url' in address ? new Redis(address.url, options) : new Redis({ ...options, ...address });
}

/** The same as options, for a library that connects by itself. */
export function addressOptions(url: string): Address {
  const sentinel = parseSentinelUrl(url);
  return sentinel === null ? { url } : sentinelOptions(sentinel);
}

function sentinelOptions({ master, sentinels, tls, ...same }: SentinelAddress) {
  return {
    ...same,
    name: master,
    sentinels: [...sentinels],
    ...(tls && { tls: {}, enableTLSForSentinelMode: true }),
  };
}
