import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { LOCK_MS, type OnQueueError, STALLED_LOOK_MS, type TaskConsumer } from './queue.js';
import { connectionTo } from './redis.js';

const PREDICTIONS = 'strata-predictions';
/** Number of finished predictions kept for callers. More would only use memory. */
const ANSWERS_KEPT = 1_000;

const TOO_LATE = Symbol('the prediction timed out in the queue');

/**
 * A queue of questions to predictors, with one answer each. Unlike a task, a question has no value after its caller
 * has left.
 */
export interface PredictionQueue {
  /** Number of processes that answer, and number of waiting questions. */
  load(): Promise<{ readonly servers: number; readonly waiting: number }>;
  /**
   * Returns null if no answer arrived in time; the question is then removed. @throws Error if no process could
   * answer it
   */
  ask<Question, Answer>(question: Question, timeoutMs: number): Promise<Answer | null>;
  close(): Promise<void>;
}

export function openPredictionQueue(redisUrl: string, onError: OnQueueError): PredictionQueue {
  // No offline queue: while Redis is unavailable, `ask` fails at once.
  const connection = { ...connectionTo(redisUrl), maxRetriesPerRequest: 1, enableOfflineQueue: false };
  const queue = new Queue(PREDICTIONS, { connection, streams: { events: { maxLen: ANSWERS_KEPT } } });
  // Read events from the beginning, so that an answer from before this listener is not missed.
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
    // The race below handles the rejection, unless adding the question fails first.
    answered.catch(() => undefined);
    try {
      const options = { jobId, removeOnComplete: true, removeOnFail: true };
      const job = await queue.add('predict', question, options);
      const timeout = delay(timeoutMs, TOO_LATE, { signal: late.signal }).catch(() => TOO_LATE);
      const first = await Promise.race([answered, timeout]);
      if (first !== TOO_LATE) return first;
      // A question that is being answered cannot be removed.
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

/** Answers questions, at most `concurrency` at once. If the answering process dies, another one answers, once. */
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
  worker.on('failed', (_, error) => onError(error));
  await worker.waitUntilReady();
  return { pause: () => worker.pause(true), close: () => worker.close() };
}
