import { Redis } from 'ioredis';
import { REDIS_SILENCE_MS } from '../process/limits.js';

/**
 * @throws Error when Redis may evict keys: messages would vanish under memory pressure
 */
export async function checkRedis(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const policy = /maxmemory_policy:(\S+)/.exec(await redis.info('memory'))?.[1];
    if (policy !== 'noeviction') {
      throw new Error(`Redis has maxmemory-policy ${policy}; set it to noeviction, or queued tasks vanish`);
    }
  } finally {
    redis.disconnect();
  }
}

export interface RedisProbe {
  /** Whether Redis answers within `timeoutMs`. */
  answers(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export function openRedisProbe(redisUrl: string): RedisProbe {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    socketTimeout: REDIS_SILENCE_MS,
  });
  redis.on('error', () => undefined);
  return {
    async answers(timeoutMs) {
      const late = new Promise<false>((resolve) => setTimeout(resolve, timeoutMs, false).unref());
      const pong = redis.ping().then(
        () => true,
        () => false,
      );
      return Promise.race([pong, late]);
    },
    async close() {
      redis.disconnect();
    },
  };
}

export function connectionTo(url: string) {
  return { url, maxRetriesPerRequest: null, socketTimeout: REDIS_SILENCE_MS };
}
