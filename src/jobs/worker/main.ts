import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NO_PROGRESS_MS } from '../limits.js';
import { createLog, processSettings, runProcess } from '../process.js';
import { startWorker } from './worker.js';

const { values } = parseArgs({
  options: {
    /** Another trainer than ours: a TypeScript or JavaScript file that speaks src/contract/trainer-protocol.ts. */
    trainer: { type: 'string', default: fileURLToPath(new URL('../../trainer/main.ts', import.meta.url)) },
    /** How long a trainer may report nothing before it is killed. */
    'no-progress-ms': { type: 'string', default: String(NO_PROGRESS_MS) },
  },
});
const settings = processSettings(process.env);
const log = createLog('worker', settings);
const trainer = [process.execPath, '--import', import.meta.resolve('tsx'), values.trainer];
const noProgressMs = Number(values['no-progress-ms']);
await runProcess(log, () => startWorker({ ...settings, trainer, noProgressMs, log }));
