import { Redis } from 'ioredis';
import { REDIS_SILENCE_MS } from '../process/limits.js';

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
