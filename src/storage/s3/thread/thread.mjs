// Entry point of the thread that moves blobs. Worker threads do not inherit tsx, so it is loaded here.
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { serveStore } = existsSync(new URL('./serve.js', import.meta.url))
  ? await import('./serve.js')
  : (await import('tsx/cjs/api')).require('./serve.ts', import.meta.url);

serveStore(parentPort, workerData);
