import { Queue, Worker } from 'bullmq';
import { connectionTo } from './redis.js';

/**
 * The queues between the processes, and the only file that names BullMQ. The one that wakes workers carries hints: a message says "some task can
 * be claimed", Postgres decides which (store/queue-order.ts), and the dispatcher puts back whatever Redis loses
 * (docs/adr/0004).
 */
const QUEUE = 'strata-tasks';
// A dead worker's messages are handed to others after the lock ran out and two looks; the claim's lease is as long.
export const LOCK_MS = 5_000;
export const STALLED_LOOK_MS = 2_000;
// How often a task may fail is counted in Postgres; at BullMQ's default the second crash would drop the message.
const MAX_STALLED = 20;

export interface TaskQueue {
  /** Adds hints until as many wait for a worker. Two that ask at once may add too many, which does no harm. */
  fillUpTo(hints: number): Promise<void>;
  close(): Promise<void>;
}

export interface TaskConsumer {
  /** Takes no more messages; those in work go on. */
  pause(): Promise<void>;
  /** Ends at once: a hint that is still marked as in work is handed to others, and does no harm there. */
  close(): Promise<void>;
}

export type OnQueueError = (error: Error) => void;

/** The queue itself, for those who look at it: a look does not wait for a Redis that is away. */
export function openQueue(redisUrl: string): Queue {
  const queue = new Queue(QUEUE, { connection: { ...connectionTo(redisUrl), maxRetriesPerRequest: 1 } });
  queue.on('error', () => undefined);
  return queue;
}

export function openTaskQueue(redisUrl: string, onError: OnQueueError): TaskQueue {
  const queue = new Queue(QUEUE, { connection: connectionTo(redisUrl) });
  queue.on('error', onError);
  return {
    async fillUpTo(hints) {
      const missing = hints - (await queue.getWaitingCount());
      if (missing <= 0) return;
      const hint = { name: 'task', data: {}, opts: { removeOnComplete: true, removeOnFail: true } };
      await queue.addBulk(Array.from({ length: missing }, () => hint));
    },
    close: () => queue.close(),
  };
}

/** Calls `work` for each hint, at most `concurrency` at once. `work` must not compute: the lock would run out. */
export async function consumeTasks(
  redisUrl: string,
  concurrency: number,
  work: () => Promise<void>,
  onError: OnQueueError,
): Promise<TaskConsumer> {
  const worker = new Worker(QUEUE, work, {
    connection: connectionTo(redisUrl),
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_LOOK_MS,
    maxStalledCount: MAX_STALLED,
  });
  worker.on('error', onError);
  // What `work` throws would be heard by nobody else.
  worker.on('failed', (_, error) => onError(error));
  await worker.waitUntilReady();
  return { pause: () => worker.pause(true), close: () => worker.close(true) };
}
