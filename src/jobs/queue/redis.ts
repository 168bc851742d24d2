import type { Cluster } from 'ioredis';
import { parseClusterUrl } from '../../contract/redis-url.js';
import { REDIS_SILENCE_MS } from '../process/limits.js';
import { addressOptions, openRedis, type RedisClient } from './address.js';

export interface RedisProbe {
  /** The problem that keeps Redis from accepting a task within `timeoutMs`; null if there is none. */
  problem(timeoutMs: number): Promise<string | null>;
  close(): Promise<void>;
}

const SILENT = 'Redis does not answer.';
/** Keys of the probe. That of a cluster is on the node that holds the queue. */
const PROBE_KEYS = { server: 'strata:probe', cluster: '{strata}:probe' };
const PROBE_KEPT_MS = 60_000;
/** Answers of a Redis that runs: its disk or memory is full, it is a replica, it has too few replicas, or it loads. */
const REFUSAL = /^(MISCONF|OOM|READONLY|NOREPLICAS|LOADING|MASTERDOWN|NOPERM|CLUSTERDOWN)\b/;

export function openRedisProbe(redisUrl: string): RedisProbe {
  const redis = openImpatient(redisUrl);
  return {
    async problem(timeoutMs) {
      const late = new Promise<string>((resolve) => setTimeout(resolve, timeoutMs, SILENT).unref());
      // A write: Redis whose disk is full, whose memory is, or that follows another answers reads all the same.
      const written = redis
        .set(redis.isCluster ? PROBE_KEYS.cluster : PROBE_KEYS.server, '1', 'PX', PROBE_KEPT_MS)
        .then(
          () => null,
          (error: Error) => (REFUSAL.test(error.message) ? `Redis refuses writes: ${error.message}` : SILENT),
        );
      return Promise.race([written, late]);
    },
    async close() {
      redis.disconnect();
    },
  };
}

/** A connection whose commands fail at once while Redis does not answer. It connects again by itself. */
export function openImpatient(redisUrl: string): RedisClient {
  const redis = openRedis(redisUrl, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    socketTimeout: REDIS_SILENCE_MS,
  });
  redis.on('error', () => undefined);
  return redis;
}

/** Options by which BullMQ connects and finds its keys. */
export interface QueueConnection {
  readonly options: {
    readonly connection: Cluster | (ReturnType<typeof addressOptions> & Patience);
    readonly prefix?: string;
  };
  /** Ends what the queue does not end itself. After the queue. */
  close(): void;
}

interface Patience {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly socketTimeout: number;
}

/** All keys with the same word in braces are on one node of a cluster. BullMQ changes many at once. */
const CLUSTER_PREFIX = '{strata}';

/** @param changes absent: commands wait for a Redis that is down */
export function connectionTo(url: string, changes: Partial<Patience> = {}): QueueConnection {
  const patience: Patience = { maxRetriesPerRequest: null, socketTimeout: REDIS_SILENCE_MS, ...changes };
  if (parseClusterUrl(url) === null)
    return { options: { connection: { ...addressOptions(url), ...patience } }, close: () => undefined };
  const cluster = openRedis(url, patience) as Cluster;
  return { options: { connection: cluster, prefix: CLUSTER_PREFIX }, close: () => cluster.disconnect() };
}
