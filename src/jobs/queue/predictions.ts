import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue, QueueEvents, type QueueEventsListener } from 'bullmq';
import { REDIS_SILENCE_MS } from '../process/limits.js';
import { openRedis } from './address.js';
import { openQuestionRoom, questionId } from './question-room.js';
import type { OnQueueError } from './queue.js';
import { connectionTo } from './redis.js';

/** The queue of hints, whose stream of events carries the answers. */
export const PREDICTIONS = 'strata-predictions';
/** Number of answers kept for callers. More would only use memory. */
export const ANSWERS_KEPT = 1_000;
/** Questions whose caller died stay for so much longer than a caller waits. */
const KEPT_BESIDE_MS = 5_000;

export interface PredictionQueueOptions {
  /** Questions of all tenants that may wait. */
  readonly places: number;
  /** Longest time that a caller waits. */
  readonly deadlineMs: number;
}

export interface Asking {
  readonly tenant: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export type Asked<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'full'; readonly waiting: number }
  | { readonly kind: 'late' };

/**
 * Questions to predictors, with one answer each. A message of BullMQ is a hint that some question waits; the room
 * decides which one, in turns of tenants. Unlike a task, a question has no value after its caller has left.
 */
export interface PredictionQueue {
  /** Number of processes that answer. */
  servers(): Promise<number>;
  /** `late` if no answer arrived in time or the caller has left. @throws Error if no process could answer it */
  ask<Question, Answer>(question: Question, asking: Asking): Promise<Asked<Answer>>;
  close(): Promise<void>;
}

export interface AnswerEvent {
  readonly id: string;
  /** JSON of an Envelope. */
  readonly envelope: string;
}
interface AnswerListener extends QueueEventsListener {
  answered: (event: AnswerEvent) => void;
}
export type Envelope = { readonly answer: unknown } | { readonly error: string };

export function openPredictionQueue(
  redisUrl: string,
  { places, deadlineMs }: PredictionQueueOptions,
  onError: OnQueueError,
): PredictionQueue {
  // No offline queue: while Redis is unavailable, `ask` fails at once.
  const forHints = connectionTo(redisUrl, { maxRetriesPerRequest: 1, enableOfflineQueue: false });
  const forAnswers = connectionTo(redisUrl);
  const queue = new Queue(PREDICTIONS, {
    ...forHints.options,
    streams: { events: { maxLen: ANSWERS_KEPT } },
  });
  const redis = openRedis(redisUrl, { maxRetriesPerRequest: 1, socketTimeout: REDIS_SILENCE_MS });
  const room = openQuestionRoom(redis, { places, keptMs: deadlineMs + KEPT_BESIDE_MS });
  // Read events from the beginning, so that an answer from before this listener is not missed.
  const events = new QueueEvents(PREDICTIONS, { ...forAnswers.options, lastEventId: '0-0' });
  const open = new Map<string, { answer(value: unknown): void; fail(error: Error): void }>();
  queue.on('error', onError);
  events.on('error', onError);
  redis.on('error', onError);
  events.on<AnswerListener>('answered', ({ id, envelope }: AnswerEvent) => {
    const told = JSON.parse(envelope) as Envelope;
    if ('answer' in told) open.get(id)?.answer(told.answer);
    else open.get(id)?.fail(new Error(told.error));
  });

  const ask = async (question: unknown, { tenant, signal }: Asking): Promise<Asked<unknown>> => {
    const id = questionId(randomUUID(), tenant);
    const answered = new Promise<unknown>((answer, fail) => open.set(id, { answer, fail }));
    // The race below handles the rejection, unless adding the question fails first.
    answered.catch(() => undefined);
    const over = new AbortController();
    try {
      const waiting = await room.enter(id, question);
      if (waiting !== null) return { kind: 'full', waiting };
      await queue.add('hint', {}, { removeOnComplete: true, removeOnFail: true });
      const stop = AbortSignal.any([signal, over.signal]);
      const late = delay(deadlineMs, null, { signal: stop }).then(
        () => ({ kind: 'late' }) as const,
        () => ({ kind: 'late' }) as const,
      );
      return await Promise.race([answered.then((answer) => ({ kind: 'answered', answer }) as const), late]);
    } finally {
      over.abort();
      open.delete(id);
      // The process that works on it notices and stops.
      await room.leave(id).catch(onError);
    }
  };
  return {
    servers: () => queue.getWorkersCount(),
    ask: ask as PredictionQueue['ask'],
    async close() {
      room.close();
      await Promise.all([queue.close(), events.close()]);
      for (const connection of [forHints, forAnswers]) connection.close();
    },
  };
}
