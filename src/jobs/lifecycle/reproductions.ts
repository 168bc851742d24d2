import { isTerminal } from '../../contract/states.js';
import { elsewhere } from '../../planning/reproduce.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { Database } from '../store/connection/database.js';
import { endReproduction, findJobOfReproduction, type Verdict } from '../store/reproductions.js';
import type { Artifact, ReproductionRow } from '../store/rows.js';
import { trainedIn } from '../store/runtimes.js';
import { differingTensors } from './differing-tensors.js';

/** Names of tensors that a verdict lists. */
const MAX_TENSORS = 100;

const failed = (reason: string): Verdict => ({ equal: null, tensors: [], different: 0, reason });

/** Compares the weights of a reproduction whose job has ended. @returns whether it has */
export async function judgeReproduction(
  db: Database,
  blobs: BlobStore,
  row: ReproductionRow,
): Promise<boolean> {
  const verdict = await verdictOf(db, blobs, row);
  if (verdict === null) return false;
  await db.$transaction((tx) => endReproduction(tx, row.id, verdict));
  return true;
}

async function verdictOf(db: Database, blobs: BlobStore, row: ReproductionRow): Promise<Verdict | null> {
  const job = await findJobOfReproduction(db, row.jobId);
  if (job === null) return failed('its job was deleted');
  if (!isTerminal('job', job.state)) return null;
  if (job.state !== 'succeeded') {
    const why = job.error === null ? '' : ` with ${job.error.code}: ${job.error.message}`;
    return failed(`its job is ${job.state}${why}`);
  }
  if (job.weights === null) return failed('the weights of its job were deleted');
  return compared(db, blobs, row, job.weights);
}

async function compared(
  db: Database,
  blobs: BlobStore,
  { modelId, jobId, expected }: ReproductionRow,
  made: Artifact,
): Promise<Verdict> {
  if (made.sha256 === expected) return { equal: true, tensors: [], different: 0, reason: null };
  if (!(await blobs.exists(`sha256:${expected}`))) return failed('the weights of the model are missing');
  const model = await db.model.findUniqueOrThrow({
    where: { id: modelId },
    select: { provenance: true, jobId: true },
  });
  const original = (await findJobOfReproduction(db, model.jobId))?.weights ?? made;
  const differing = await differingTensors(
    blobs,
    { uri: `sha256:${expected}`, size_bytes: Number(original.sizeBytes) },
    { uri: `sha256:${made.sha256}`, size_bytes: Number(made.sizeBytes) },
  );
  const { length: different } = differing;
  const reason =
    original.sha256 === expected
      ? elsewhere(model.provenance?.environments ?? [], await trainedIn(db, jobId))
      : damage(made.sha256 === original.sha256);
  return { equal: different === 0, tensors: differing.slice(0, MAX_TENSORS), different, reason };
}

function damage(isRepaired: boolean): string {
  const found = 'the stored file of the model was damaged: its sha256 was not the recorded one';
  return isRepaired ? `${found}; this job has made the recorded bytes again, which repairs it` : found;
}
