import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { REDIS_SILENCE_MS } from './limits.js';

/**
 * The queues between the processes, and the only file that names BullMQ. The one that wakes workers carries hints: a message says "some task can
 * be claimed", Postgres decides which (store/queue-order.ts), and the dispatcher puts back whatever Redis loses
 * (docs/adr/0004).
 */
const QUEUE = 'strata-tasks';
// A dead worker's messages are handed to others after the lock ran out and two looks; the claim's lease is as long.
const LOCK_MS = 5_000;
const STALLED_LOOK_MS = 2_000;
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
  await worker.waitUntilReady();
  return { pause: () => worker.pause(true), close: () => worker.close(true) };
}

const PREDICTIONS = 'strata-predictions';
/** Answers kept for those who ask; the rest of a day's would only cost memory. */
const ANSWERS_KEPT = 1_000;

/** Questions to whoever predicts, each with an answer. Unlike tasks they are worth nothing once their asker has gone. */
export interface PredictionQueue {
  /** How many processes answer, and how many questions wait for one. */
  load(): Promise<{ readonly servers: number; readonly waiting: number }>;
  /** Null where no answer came in time: the question is taken back. @throws Error where nobody could answer it */
  ask<Question, Answer>(question: Question, timeoutMs: number): Promise<Answer | null>;
  close(): Promise<void>;
}

export function openPredictionQueue(redisUrl: string, onError: OnQueueError): PredictionQueue {
  // Without a queue of its own: while Redis is away, asking fails at once.
  const connection = { ...connectionTo(redisUrl), maxRetriesPerRequest: 1, enableOfflineQueue: false };
  const queue = new Queue(PREDICTIONS, { connection, streams: { events: { maxLen: ANSWERS_KEPT } } });
  // From the beginning: an answer that comes before this listens is not missed.
  const events = new QueueEvents(PREDICTIONS, { connection: connectionTo(redisUrl), lastEventId: '0-0' });
  const waiting = new Map<string, { answer(value: unknown): void; fail(error: Error): void }>();
  queue.on('error', onError);
  events.on('error', onError);
  events.on('completed', ({ jobId, returnvalue }) => waiting.get(jobId)?.answer(returnvalue));
  events.on('failed', ({ jobId, failedReason }) => waiting.get(jobId)?.fail(new Error(failedReason)));

  const ask = async (question: unknown, timeoutMs: number): Promise<unknown> => {
    const jobId = randomUUID();
    const late = new AbortController();
    const answered = new Promise<unknown>((answer, fail) => waiting.set(jobId, { answer, fail }));
    // Heard by the race below, unless the question cannot even be asked.
    answered.catch(() => undefined);
    try {
      const options = { jobId, removeOnComplete: true, removeOnFail: true };
      const job = await queue.add('predict', question, options);
      const timeout = delay(timeoutMs, TOO_LATE, { signal: late.signal }).catch(() => TOO_LATE);
      const first = await Promise.race([answered, timeout]);
      if (first !== TOO_LATE) return first;
      // One that is being answered cannot be taken back.
      await job.remove().catch(() => undefined);
      return null;
    } finally {
      late.abort();
      waiting.delete(jobId);
    }
  };
  return {
    ask: ask as PredictionQueue['ask'],
    async load() {
      const [servers, questions] = await Promise.all([queue.getWorkersCount(), queue.getWaitingCount()]);
      return { servers, waiting: questions };
    },
    async close() {
      await Promise.all([queue.close(), events.close()]);
    },
  };
}

const TOO_LATE = Symbol('too late');

/** Answers questions, at most `concurrency` at once. One whose answerer dies is answered by another, once. */
export async function answerPredictions<Question, Answer>(
  redisUrl: string,
  concurrency: number,
  answer: (question: Question) => Promise<Answer>,
  onError: OnQueueError,
): Promise<TaskConsumer> {
  const worker = new Worker(PREDICTIONS, (job) => answer(job.data as Question), {
    connection: connectionTo(redisUrl),
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_LOOK_MS,
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

function connectionTo(url: string) {
  return { url, maxRetriesPerRequest: null, socketTimeout: REDIS_SILENCE_MS };
}
