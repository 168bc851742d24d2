import { openRedis } from './address.js';
import { openImpatient } from './redis.js';

/**
 * Nudges of workers about new events and about tasks go through Redis. A NOTIFY of Postgres would wake the connection of every
 * worker that listens for something else, so that the cost of a task would grow with the number of workers.
 */
const CHANNELS = { strata_event: 'strata-event', strata_dispatch: 'strata-dispatch' } as const;
export type PublishedChannel = keyof typeof CHANNELS;

interface Nudge {
  readonly channel: string;
  readonly payload: string;
}

export interface PublishedNudges {
  /** Sends those that go through Redis. Lost if Redis does not answer: readers also look by time. @returns the others */
  publish<N extends Nudge>(nudges: readonly N[]): readonly N[];
  close(): void;
}

export function openPublishedNudges(redisUrl: string): PublishedNudges {
  const redis = openImpatient(redisUrl);
  return {
    publish(nudges) {
      for (const [channel, published] of Object.entries(CHANNELS)) {
        const payloads = nudges.filter((nudge) => nudge.channel === channel).map(({ payload }) => payload);
        if (payloads.length > 0) redis.publish(published, payloads.join()).catch(() => undefined);
      }
      return nudges.filter(({ channel }) => !(channel in CHANNELS));
    },
    close: () => redis.disconnect(),
  };
}

/** Calls `onNudge` with the payload of each nudge; with an empty one after each connect. */
export function followNudges(
  redisUrl: string,
  channel: PublishedChannel,
  onNudge: (payload: string) => void,
): { close(): void } {
  const redis = openRedis(redisUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  // ioredis subscribes again after each connect.
  redis.on('ready', () => onNudge(''));
  redis.on('message', (_, payloads: string) => {
    for (const payload of payloads.split(',')) onNudge(payload);
  });
  redis.subscribe(CHANNELS[channel]).catch(() => undefined);
  return { close: () => redis.disconnect() };
}
