// The door of the thread that prepares batches: worker threads do not inherit tsx, and get their clock here as the
// process gets its own in main.ts. Within the thread (`tsx/cjs`) TypeScript loads in half the time of tsx's hooks.
import { parentPort } from 'node:worker_threads';
import { require as load } from 'tsx/cjs/api';

load('./fill-loop.ts', import.meta.url).serveOrders(parentPort, () => performance.now());
