import type { Redis } from 'ioredis';
import { REDIS_SILENCE_MS } from '../process/limits.js';
import { addressOptions, openRedis } from './address.js';

export interface RedisProbe {
  /** The problem that keeps Redis from accepting a task within `timeoutMs`; null if there is none. */
  problem(timeoutMs: number): Promise<string | null>;
  close(): Promise<void>;
}

const SILENT = 'Redis does not answer.';
const PROBE_KEY = 'strata:probe';
const PROBE_KEPT_MS = 60_000;
/** Answers of a Redis that runs: its disk or memory is full, it is a replica, it has too few replicas, or it loads. */
const REFUSAL = /^(MISCONF|OOM|READONLY|NOREPLICAS|LOADING|MASTERDOWN|NOPERM)\b/;

export function openRedisProbe(redisUrl: string): RedisProbe {
  const redis = openImpatient(redisUrl);
  return {
    async problem(timeoutMs) {
      const late = new Promise<string>((resolve) => setTimeout(resolve, timeoutMs, SILENT).unref());
      // A write: Redis whose disk is full, whose memory is, or that follows another answers reads all the same.
      const written = redis.set(PROBE_KEY, '1', 'PX', PROBE_KEPT_MS).then(
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
export function openImpatient(redisUrl: string): Redis {
  const redis = openRedis(redisUrl, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    socketTimeout: REDIS_SILENCE_MS,
  });
  redis.on('error', () => undefined);
  return redis;
}

export function connectionTo(url: string) {
  return { ...addressOptions(url), maxRetriesPerRequest: null, socketTimeout: REDIS_SILENCE_MS };
}
