import { Queue, Worker } from 'bullmq';
import { connectionTo } from './redis.js';

/**
 * The queues between the processes. Only this file uses BullMQ. The queue that wakes workers contains hints: a
 * message says "some task is claimable", Postgres decides which one (store/queue-order.ts), and the dispatcher
 * restores everything that Redis loses (docs/adr/0004).
 */
const QUEUE = 'strata-tasks';
// Messages of a dead worker go to others after the lock has expired and two checks. The lease of a claim lasts as
// long.
export const LOCK_MS = 5_000;
export const STALLED_LOOK_MS = 2_000;
// Postgres limits the failures of a task. With BullMQ's default, the second crash would drop the message.
const MAX_STALLED = 20;

export interface TaskQueue {
  /** Adds hints until this many wait for a worker. Two concurrent calls may add too many, which is harmless. */
  fillUpTo(hints: number): Promise<void>;
  close(): Promise<void>;
}

export interface TaskConsumer {
  /** Takes no more messages. Current ones continue. */
  pause(): Promise<void>;
  /** Ends at once. A hint that is still in progress goes to another worker, where it is harmless. */
  close(): Promise<void>;
}

export type OnQueueError = (error: Error) => void;

/** The queue itself, for monitoring. A read does not wait for a Redis that is down. */
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

/**
 * Calls `work` for each hint, at most `concurrency` at once. `work` must not block the event loop, or the lock
 * would expire.
 */
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
  // Errors of `work` would otherwise be lost.
  worker.on('failed', (_, error) => onError(error));
  await worker.waitUntilReady();
  return { pause: () => worker.pause(true), close: () => worker.close(true) };
}
