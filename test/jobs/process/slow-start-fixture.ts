// A process that gets SIGTERM while it starts.
import { once } from 'node:events';
import { runProcess } from '../../../src/jobs/process/process.js';

const ignore = () => undefined;
await runProcess({ info: ignore, warn: ignore, error: ignore }, async () => {
  const told = once(process, 'SIGTERM');
  process.send?.('starting');
  await told;
  return { stop: async () => void process.send?.('stopped') };
});
