import { MIN_OFFERS } from '../process/limits.js';
import type { TaskQueue } from '../queue/queue.js';
import type { Database } from '../store/connection/database.js';
import { offeredTasks } from '../store/queue-order.js';

/**
 * Offers the next tasks to idle slots. The task table is the outbox: a slot cannot claim a task that another one has
 * claimed, and if Redis loses everything, the next look restores all messages. Busy slots take their next task
 * themselves.
 */
export async function enqueueReady(db: Database, queue: TaskQueue): Promise<void> {
  const tasks = await offeredTasks(db, MIN_OFFERS);
  if (tasks.length > 0) await queue.offer(tasks);
}
