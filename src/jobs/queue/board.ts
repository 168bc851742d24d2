import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import { openQueue } from './queue.js';

export interface QueueBoard {
  /** Gives `server` the pages and their data. */
  showQueues(server: IServerAdapter): void;
  close(): Promise<void>;
}

/** Shows the queue of hints to people, who can change nothing there: what is to be done stands in Postgres. */
export function openQueueBoard(redisUrl: string): QueueBoard {
  const queue = openQueue(redisUrl);
  const adapter = new BullMQAdapter(queue, {
    readOnlyMode: true,
    description: 'Hints that some task can be claimed; Postgres decides which.',
  });
  return {
    showQueues(serverAdapter) {
      createBullBoard({
        queues: [adapter],
        serverAdapter,
        options: { uiConfig: { boardTitle: 'Strata queue' } },
      });
    },
    close: () => queue.close(),
  };
}
