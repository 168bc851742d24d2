import { setTimeout as delay } from 'node:timers/promises';
import { BUSY_OFFERS_MS, MIN_OFFERS } from '../process/limits.js';
import type { TaskQueue } from '../queue/queue.js';
import type { Database } from '../store/connection/database.js';
import { offeredTasks } from '../store/queue-order.js';

/**
 * Offers the next tasks to idle slots. The task table is the outbox: a slot cannot claim a task that another one has
 * claimed, and if Redis loses everything, the next look restores all messages. Busy slots take their next task
 * themselves.
 */
export async function enqueueReady(db: Database, queue: TaskQueue): Promise<void> {
  const tasks = await offeredTasks(db);
  if (tasks.length > 0) await queue.offer(tasks);
}

/**
 * The same again and again, at most every `BUSY_OFFERS_MS` while messages wait: idle slots take them at once, so all slots are
 * busy then, and take their next tasks themselves.
 */
export function pacedOffers(db: Database, queue: TaskQueue): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const restMs = lookedAt + BUSY_OFFERS_MS - performance.now();
    if (restMs > 0 && (await queue.waiting()) >= MIN_OFFERS) await delay(restMs);
    lookedAt = performance.now();
    await enqueueReady(db, queue);
  };
}
