// Entry point of the thread that prepares batches. Worker threads do not inherit tsx, so it is loaded here; in the
// thread, `tsx/cjs` loads TypeScript in half the time of tsx's hooks. The clock is also passed here, as in main.ts
// for the process.
import { existsSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

const { serveOrders } = existsSync(new URL('./fill-loop.js', import.meta.url))
  ? await import('./fill-loop.js')
  : (await import('tsx/cjs/api')).require('./fill-loop.ts', import.meta.url);

serveOrders(parentPort, () => performance.now());
