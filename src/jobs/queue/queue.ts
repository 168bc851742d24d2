import { Queue, Worker } from 'bullmq';
import { connectionTo } from './redis.js';

/**
 * The queue between the dispatcher and idle slots. Only this file uses BullMQ. A message offers a claimable task to the
 * slot that gets it. Postgres decides whether the slot may claim it, and the dispatcher restores everything that Redis
 * loses (docs/adr/0004).
 */
const QUEUE = 'strata-tasks';
// Messages of a dead worker go to others after the lock has expired and two checks. The lease of a claim lasts as
// long.
export const LOCK_MS = 5_000;
export const STALLED_LOOK_MS = 2_000;
/** BullMQ's longest blocking command, below `REDIS_SILENCE_MS`. */
const BLOCK_S = 10;
// Postgres limits the failures of a task. With BullMQ's default, the second crash would drop the message.
const MAX_STALLED = 20;

/** A claimable task, and the fence that its claim raises. */
export interface Offer {
  readonly id: string;
  readonly attempt: number;
}

/**
 * Time after which a task that is still claimable is offered again: the slot that took the message could not claim it, or
 * Redis has lost it.
 */
const OFFER_MS = 2_000;

export interface TaskQueue {
  /** Offers tasks to idle slots, in this order. A task that was offered a moment ago is not offered again. */
  offer(tasks: readonly Offer[]): Promise<void>;
  /** Messages that no slot has taken. */
  waiting(): Promise<number>;
  close(): Promise<void>;
}

export interface TaskConsumer {
  /** Takes no more messages. Current ones continue. */
  pause(): Promise<void>;
  /** Ends at once. A message that is still in progress goes to another worker, where it is harmless. */
  close(): Promise<void>;
}

export interface OfferConsumer extends TaskConsumer {
  /** Takes messages again after a pause. */
  resume(): void;
}

export type OnQueueError = (error: Error) => void;

/** The queue itself, for monitoring. A read does not wait for a Redis that is down. */
export function openQueue(redisUrl: string): { readonly queue: Queue; close(): Promise<void> } {
  const connection = connectionTo(redisUrl, { maxRetriesPerRequest: 1 });
  const queue = new Queue(QUEUE, connection.options);
  queue.on('error', () => undefined);
  return { queue, close: () => queue.close().finally(connection.close) };
}

/** @param now milliseconds; processes may count from different times */
export function openTaskQueue(
  redisUrl: string,
  onError: OnQueueError,
  now: () => number = () => performance.now(),
): TaskQueue {
  const connection = connectionTo(redisUrl);
  const queue = new Queue<TaskMessage>(QUEUE, connection.options);
  queue.on('error', onError);
  const stalled = startStalledLooks(redisUrl, onError);
  return {
    async offer(tasks) {
      if ((await queue.getWaitingCount()) >= tasks.length) return;
      // BullMQ drops a message whose id it has.
      const period = Math.floor(now() / OFFER_MS);
      const opts = { removeOnComplete: true, removeOnFail: true };
      await queue.addBulk(
        tasks.map(({ id, attempt }) => ({
          name: 'task',
          data: { task: id },
          opts: { ...opts, jobId: `${id}-${attempt}-${period}` },
        })),
      );
    },
    waiting: () => queue.getWaitingCount(),
    async close() {
      await Promise.all([queue.close(), stalled.close()]);
      connection.close();
    },
  };
}

/** Gives messages of dead workers to others. In one process and not in each worker, since a thousand would ask all the time. */
function startStalledLooks(redisUrl: string, onError: OnQueueError): { close(): Promise<void> } {
  const connection = connectionTo(redisUrl);
  const looks = new Worker(QUEUE, null, {
    ...connection.options,
    autorun: false,
    stalledInterval: STALLED_LOOK_MS,
    maxStalledCount: MAX_STALLED,
  });
  looks.on('error', onError);
  looks.startStalledCheckTimer().catch(onError);
  return { close: () => looks.close(true).finally(connection.close) };
}

interface TaskMessage {
  /** Absent in messages of earlier versions. */
  readonly task?: string;
}

/**
 * Calls `work` with each task that is offered to this worker (null: any), at most `concurrency` at once. `work` must not
 * block the event loop, or the lock would expire.
 */
export async function consumeTasks(
  redisUrl: string,
  concurrency: number,
  work: (taskId: string | null) => Promise<void>,
  onError: OnQueueError,
): Promise<OfferConsumer> {
  const connection = connectionTo(redisUrl);
  const worker = new Worker<TaskMessage>(QUEUE, ({ data }) => work(data.task ?? null), {
    ...connection.options,
    concurrency,
    lockDuration: LOCK_MS,
    // An idle worker asks Redis again after this time; a message wakes it at once.
    drainDelay: BLOCK_S,
    // The dispatcher looks for stalled messages.
    skipStalledCheck: true,
  });
  worker.on('error', onError);
  // Errors of `work` would otherwise be lost.
  worker.on('failed', (_, error) => onError(error));
  await worker.waitUntilReady();
  return {
    pause: () => worker.pause(true),
    resume: () => void worker.resume().catch(onError),
    close: () => worker.close(true).finally(connection.close),
  };
}
