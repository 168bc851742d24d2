import { MAX_HINTS } from '../process/limits.js';
import type { TaskQueue } from '../queue/queue.js';
import type { Database } from '../store/connection/database.js';
import { countClaimable } from '../store/queue-order.js';

/**
 * Sees to it that the queue holds a hint for every task that can be claimed. The task table is the outbox: a hint too
 * many finds nothing to claim, and after Redis lost everything the next look puts everything back.
 */
export async function enqueueReady(db: Database, queue: TaskQueue): Promise<void> {
  const ready = await countClaimable(db, MAX_HINTS);
  if (ready > 0) await queue.fillUpTo(ready);
}
