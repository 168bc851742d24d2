import { ENQUEUE_BATCH } from '../limits.js';
import type { TaskQueue } from '../queue.js';
import type { Database } from '../store/database.js';
import { readyTasks } from '../store/tasks.js';

/**
 * Puts every task that can be claimed on the queue. The task table is the outbox: asking again is harmless, and
 * after Redis lost everything the next look puts everything back.
 */
export async function enqueueReady(db: Database, queue: TaskQueue): Promise<void> {
  const tasks = await readyTasks(db, ENQUEUE_BATCH);
  if (tasks.length > 0) await queue.enqueue(tasks);
}
