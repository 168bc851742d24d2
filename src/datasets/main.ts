import { constants, setPriority } from 'node:os';
import { cacheFrom } from '../contract/blob-cache.js';
import type {
  FromImporter,
  ImportAssignment,
  ImportFailure,
  ToImporter,
} from '../contract/importer-protocol.js';
import { messageOf } from '../contract/message-of.js';
import { outageOf } from '../contract/outages.js';
import { BlobMissingError } from '../storage/errors.js';
import { openBlobStore } from '../storage/open.js';
import { importDataset } from './import.js';
import { ImportError, ProblemList } from './problems.js';

/** The importer process: it handles one assignment over IPC and ends. */
const PROGRESS_MS = 250;
/** Training has priority for the processor. */
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const blobs = openBlobStore(process.env.STRATA_BLOB_URL ?? '', cacheFrom(process.env));
const send = (message: FromImporter) =>
  new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });

process.once('message', async ({ assignment }: ToImporter) => {
  await send(await run(assignment));
  process.disconnect();
});
// The worker is gone, so results of this process would be dropped.
process.once('disconnect', () => process.exit());
await send({ type: 'ready' });

async function run(assignment: ImportAssignment): Promise<FromImporter> {
  const problems = new ProblemList();
  let told = 0;
  try {
    const folder = await blobs.createWorkFolder(assignment.work);
    const success = await importDataset(assignment, {
      blobs,
      folder,
      problems,
      onProgress(progress) {
        if (performance.now() < told + PROGRESS_MS) return;
        told = performance.now();
        void send({ type: 'progress', ...progress });
      },
    });
    return { type: 'succeeded', success };
  } catch (error) {
    return { type: 'failed', failure: failureOf(error, problems) };
  }
}

function failureOf(error: unknown, problems: ProblemList): ImportFailure {
  if (error instanceof ImportError) {
    problems.refuse(error);
    return { code: error.code, message: error.message, ...problems.summary };
  }
  const code = error instanceof BlobMissingError ? 'blob_missing' : (outageOf(error) ?? 'internal');
  const message = messageOf(error);
  return { code, message, ...problems.summary };
}
