import { openBlobStore } from '../../storage/open.js';
import { createLog, processSettings, runProcess } from '../process/process.js';
import { startDispatcher } from './dispatcher.js';

const settings = processSettings(process.env);
const log = createLog('dispatcher', settings);
await runProcess(log, () =>
  startDispatcher({
    ...settings,
    blobs: openBlobStore(settings.blobUrl, settings.blobCache),
    log,
    secrets: settings,
    outgoing: { allowedHosts: settings.outgoingAllow },
  }),
);
