import { randomUUID } from 'node:crypto';
import { QueueEventsProducer, Worker } from 'bullmq';
import { REDIS_SILENCE_MS } from '../process/limits.js';
import { startLoop } from '../process/loop.js';
import { openRedis } from './address.js';
import { ANSWERS_KEPT, type AnswerEvent, type Envelope, PREDICTIONS } from './predictions.js';
import { openQuestionRoom, type QuestionRoom } from './question-room.js';
import { LOCK_MS, type OnQueueError, STALLED_LOOK_MS, type TaskConsumer } from './queue.js';
import { connectionTo } from './redis.js';

/** A process that answers looks at this interval whether the caller still waits. */
const LOOK_MS = 250;

export interface AnswerOptions {
  /** Questions answered at once. */
  readonly places: number;
  /** Questions of one tenant answered at once. Below `places`, some place is always left for another tenant. */
  readonly tenantMax: number;
}

/**
 * Answers questions in turns of tenants. If the answering process dies, another one answers, once.
 * @param answer is told by its signal that nobody waits any more
 */
export async function answerPredictions<Question, Answer>(
  redisUrl: string,
  { places, tenantMax }: AnswerOptions,
  answer: (question: Question, signal: AbortSignal) => Promise<Answer>,
  onError: OnQueueError,
): Promise<TaskConsumer> {
  const server = randomUUID();
  const redis = openRedis(redisUrl, { maxRetriesPerRequest: null, socketTimeout: REDIS_SILENCE_MS });
  const room = openQuestionRoom(redis, { places: 0, keptMs: 0 });
  const connections = [connectionTo(redisUrl), connectionTo(redisUrl)] as const;
  const [forAnswers, forHints] = connections;
  const answers = new QueueEventsProducer(PREDICTIONS, forAnswers.options);
  redis.on('error', onError);
  answers.on('error', onError);

  const answerOne = async (id: string, question: Question): Promise<void> => {
    const envelope = await whileOpen(room, id, (signal) => answer(question, signal)).then(
      (value): Envelope => ({ answer: value }),
      (error: Error): Envelope => {
        onError(error);
        return { error: error.message };
      },
    );
    const event = { eventName: 'answered', id, envelope: JSON.stringify(envelope) };
    await answers.publishEvent<AnswerEvent & { eventName: string }>(event, ANSWERS_KEPT);
  };
  const work = async (hint: string): Promise<void> => {
    // A place that becomes free takes the next question, because its hint may have come while its tenant had no place.
    for (;;) {
      const taken = await room.take(server, hint, tenantMax);
      if (taken === null) return;
      await answerOne(taken.id, taken.question as Question);
      await room.finish(server, hint);
    }
  };
  const running = new Set<Promise<void>>();
  const run = (hint: string): Promise<void> => {
    const own = work(hint).finally(() => running.delete(own));
    running.add(own);
    return own;
  };
  const worker = new Worker(PREDICTIONS, ({ id = '' }) => run(id), {
    ...forHints.options,
    concurrency: places,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_LOOK_MS,
  });
  worker.on('error', onError);
  worker.on('failed', (_, error) => onError(error));
  await worker.waitUntilReady();
  return {
    pause: () => worker.pause(true),
    async close() {
      await Promise.allSettled(running);
      // Without force, BullMQ waits for its own last command, which a lost node of a cluster may never answer.
      await worker.close(true);
      room.close();
      await answers.close();
      for (const connection of connections) connection.close();
    },
  };
}

/** Runs `work`, whose signal aborts when the question is over. */
async function whileOpen<T>(
  room: QuestionRoom,
  id: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const look = startLoop(
    async () => void ((await room.isOpen(id)) || over.abort()),
    LOOK_MS,
    () => undefined,
  );
  try {
    return await work(over.signal);
  } finally {
    await look.stop();
  }
}
