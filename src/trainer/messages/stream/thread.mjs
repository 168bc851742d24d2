// Entry point of the thread that owns the sockets of a gang's trainer. As in data/prefetch/thread.mjs, TypeScript is
// loaded here where it is not compiled.
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { serveSockets } = existsSync(new URL('./socket-loop.js', import.meta.url))
  ? await import('./socket-loop.js')
  : (await import('tsx/cjs/api')).require('./socket-loop.ts', import.meta.url);

serveSockets(parentPort, workerData);
