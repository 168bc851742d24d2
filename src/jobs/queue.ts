import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

/**
 * The queue of ready tasks, and the only file that names BullMQ. It carries hints: a message says "this task can be
 * claimed", the claim in Postgres decides, and the dispatcher puts back whatever Redis loses (docs/adr/0004).
 */
const QUEUE = 'strata-tasks';
// A dead worker's messages are handed to others after the lock ran out and two looks; the claim's lease is as long.
const LOCK_MS = 5_000;
const STALLED_LOOK_MS = 2_000;
// How often a task may fail is counted in Postgres; at BullMQ's default the second crash would drop the message.
const MAX_STALLED = 20;

export interface QueuedTask {
  readonly taskId: string;
  /** The last attempt made: the message is for the one after it, once. */
  readonly attempt: number;
}

export interface TaskQueue {
  /** Puts tasks on the queue, each attempt at most once however often it is asked. */
  enqueue(tasks: readonly QueuedTask[]): Promise<void>;
  close(): Promise<void>;
}

export interface TaskConsumer {
  /** Takes no more messages; those in work go on. */
  pause(): Promise<void>;
  /** Resolves when those in work have ended too. */
  close(): Promise<void>;
}

export type OnQueueError = (error: Error) => void;

export function openTaskQueue(redisUrl: string, onError: OnQueueError): TaskQueue {
  const queue = new Queue(QUEUE, { connection: connectionTo(redisUrl) });
  queue.on('error', onError);
  return {
    async enqueue(tasks) {
      await queue.addBulk(
        tasks.map(({ taskId, attempt }) => ({
          name: 'task',
          data: { taskId },
          opts: { jobId: `t${taskId}-a${attempt + 1}`, removeOnComplete: true, removeOnFail: true },
        })),
      );
    },
    close: () => queue.close(),
  };
}

/** Calls `work` for each message, at most `concurrency` at once. `work` must not compute: the lock would run out. */
export async function consumeTasks(
  redisUrl: string,
  concurrency: number,
  work: (taskId: string) => Promise<void>,
  onError: OnQueueError,
): Promise<TaskConsumer> {
  const worker = new Worker<{ taskId: string }>(QUEUE, (message) => work(message.data.taskId), {
    connection: connectionTo(redisUrl),
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_LOOK_MS,
    maxStalledCount: MAX_STALLED,
  });
  worker.on('error', onError);
  await worker.waitUntilReady();
  return { pause: () => worker.pause(true), close: () => worker.close() };
}

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
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
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

function connectionTo(url: string) {
  return { url, maxRetriesPerRequest: null };
}
