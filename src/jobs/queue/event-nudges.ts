import { Redis } from 'ioredis';
import { openImpatient } from './redis.js';

const CHANNEL = 'strata-event';

export interface EventNudges {
  /** Tells the readers of these jobs that there are new events. Lost if Redis does not answer: readers also look by time. */
  publish(jobIds: readonly string[]): void;
  close(): void;
}

/**
 * Nudges of workers about new events go through Redis. A NOTIFY of Postgres would wake the connection of every worker that
 * listens for something else, so that the cost of a task would grow with the number of workers.
 */
export function openEventNudges(redisUrl: string): EventNudges {
  const redis = openImpatient(redisUrl);
  return {
    publish: (jobIds) => void redis.publish(CHANNEL, jobIds.join()).catch(() => undefined),
    close: () => redis.disconnect(),
  };
}

/** Calls `onNudge` with the id of each job that has new events; with an empty text after each connect. */
export function followEventNudges(redisUrl: string, onNudge: (jobId: string) => void): { close(): void } {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  // ioredis subscribes again after each connect.
  redis.on('ready', () => onNudge(''));
  redis.on('message', (_, jobIds: string) => {
    for (const jobId of jobIds.split(',')) onNudge(jobId);
  });
  redis.subscribe(CHANNEL).catch(() => undefined);
  return { close: () => redis.disconnect() };
}
