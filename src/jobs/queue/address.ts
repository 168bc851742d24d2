import { Cluster, Redis } from 'ioredis';
import {
  type ClusterAddress,
  parseClusterUrl,
  parseSentinelUrl,
  type SentinelAddress,
} from '../../contract/redis-url.js';

/** Options of a connection, beside the address. */
export interface ClientOptions {
  readonly maxRetriesPerRequest: number | null;
  readonly lazyConnect?: boolean;
  readonly enableOfflineQueue?: boolean;
  readonly connectTimeout?: number;
  readonly commandTimeout?: number;
  readonly socketTimeout?: number;
  /** Applies to a cluster as a whole, too. */
  readonly retryStrategy?: () => null;
  readonly sentinelRetryStrategy?: () => null;
}

export type RedisClient = Redis | Cluster;

type Address = { readonly url: string } | ReturnType<typeof sentinelOptions>;

/**
 * Connects to the Redis that REDIS_URL names: a server, the master that Sentinels know, or the nodes of a cluster; also after
 * a failover.
 */
export function openRedis(redisUrl: string, options: ClientOptions): RedisClient {
  const cluster = parseClusterUrl(redisUrl);
  if (cluster !== null) return openCluster(cluster, options);
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

/** The node that holds a key is asked, wherever it has moved. */
function openCluster({ nodes, tls, ...credentials }: ClusterAddress, options: ClientOptions): Cluster {
  const { lazyConnect = false, enableOfflineQueue = true, retryStrategy, ...rest } = options;
  const { sentinelRetryStrategy: _, ...ofNodes } = rest;
  return new Cluster([...nodes], {
    lazyConnect,
    enableOfflineQueue,
    ...(retryStrategy && { clusterRetryStrategy: retryStrategy }),
    // A certificate names the host, so the host is not replaced by its address.
    ...(tls && { dnsLookup: (host, done) => done(null, host) }),
    redisOptions: { ...ofNodes, ...credentials, ...(tls && { tls: {} }) },
  });
}
