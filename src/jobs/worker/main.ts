import { parseArgs } from 'node:util';
import { openTracing } from '../../tracing/tracing.js';
import { createLog, processSettings, runProcess } from '../process/process.js';
import { moduleFile, nodeCommand, TRAINER_FLAGS } from './children/node-command.js';
import { startWorker } from './worker.js';

const { values } = parseArgs({
  options: {
    /** Another trainer: a TypeScript or JavaScript file that implements src/contract/trainer-protocol.ts. */
    trainer: { type: 'string', default: moduleFile('trainer/main.ts') },
  },
});
const settings = processSettings(process.env);
const log = createLog('worker', settings);
const trainer = nodeCommand(values.trainer, TRAINER_FLAGS);
const importer = nodeCommand(moduleFile('datasets/main.ts'));
const importLimits = {
  max_images: settings.imageLimit,
  max_classes: settings.classLimit,
  max_image_pixels: settings.imagePixels,
  max_unpacked_bytes: settings.unpackLimitBytes,
};
const fetching = {
  policy: { allowedHosts: settings.outgoingAllow, purpose: 'dataset' as const },
  limits: { limitBytes: settings.uploadLimitBytes, reserveBytes: settings.diskReserveBytes },
  timeoutMs: settings.fetchS * 1000,
  ...(settings.datasetsFolder && { folder: settings.datasetsFolder }),
};
const limits = {
  noProgressMs: settings.noProgressS * 1000,
  checkpointMs: settings.checkpointS * 1000,
  trainerIdleMs: settings.trainerIdleS * 1000,
};
const tracing = await openTracing(process.env, 'worker');
const importing = { importer, importLimits, fetching };
await runProcess(log, () => startWorker({ ...settings, ...limits, trainer, ...importing, tracing, log }));
