import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import { openQueue } from './queue.js';

export interface QueueBoard {
  /** Registers the pages and their data with `server`. */
  showQueues(server: IServerAdapter): void;
  close(): Promise<void>;
}

/** Read-only pages of the queue of hints. All other state is in Postgres. */
export function openQueueBoard(redisUrl: string): QueueBoard {
  const { queue, close } = openQueue(redisUrl);
  const adapter = new BullMQAdapter(queue, {
    readOnlyMode: true,
    description: 'Hints that a task may be claimable. Postgres decides which task.',
  });
  return {
    showQueues(serverAdapter) {
      createBullBoard({
        queues: [adapter],
        serverAdapter,
        options: { uiConfig: { boardTitle: 'Strata queue' } },
      });
    },
    close,
  };
}
