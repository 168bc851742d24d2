// The door of the thread that prepares batches: worker threads do not inherit tsx, and get their clock here as the
// process gets its own in main.ts. Within the thread (`tsx/cjs`) TypeScript loads in half the time of tsx's hooks.
import { existsSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

const { serveOrders } = existsSync(new URL('./fill-loop.js', import.meta.url))
  ? await import('./fill-loop.js')
  : (await import('tsx/cjs/api')).require('./fill-loop.ts', import.meta.url);

serveOrders(parentPort, () => performance.now());
