import type { RequestCount } from '../../contract/client/service.js';
import { REDIS_SILENCE_MS } from '../process/limits.js';
import { openRedis } from './address.js';

/** A request must not wait long for the counter. */
const TIMEOUT_MS = 200;

// A window starts with its first request. The script runs both commands or none, so that no counter stays forever.
const COUNT = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }`;

export interface RequestCounter {
  /** @throws Error if Redis does not respond quickly */
  countRequest(key: string, windowMs: number): Promise<RequestCount>;
  close(): void;
}

/** Counts requests of all API processes together. */
export function openRequestCounter(redisUrl: string): RequestCounter {
  const redis = openRedis(redisUrl, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: TIMEOUT_MS,
    socketTimeout: REDIS_SILENCE_MS,
  });
  redis.on('error', () => undefined);
  return {
    async countRequest(key, windowMs) {
      const [count, remainingMs] = (await redis.eval(COUNT, 1, `strata:rate:${key}`, windowMs)) as [
        number,
        number,
      ];
      return { count, remainingMs };
    },
    close: () => redis.disconnect(),
  };
}
