import { MAX_HINTS } from '../process/limits.js';
import type { TaskQueue } from '../queue/queue.js';
import type { Database } from '../store/connection/database.js';
import { countClaimable } from '../store/queue-order.js';

/**
 * Makes sure that the queue has a hint for every claimable task. The task table is the outbox: a worker with a
 * superfluous hint finds nothing to claim, and if Redis loses everything, the next look restores all hints.
 */
export async function enqueueReady(db: Database, queue: TaskQueue): Promise<void> {
  const ready = await countClaimable(db, MAX_HINTS);
  if (ready > 0) await queue.fillUpTo(ready);
}
