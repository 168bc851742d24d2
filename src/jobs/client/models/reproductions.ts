import type { ModelsClient } from '../../../contract/client/models.js';
import { StrataError } from '../../../contract/errors.js';
import type { Runtime } from '../../../contract/trainer-protocol.js';
import { FINAL_WEIGHTS } from '../../../contract/trainer-protocol.js';
import { whyImpossible } from '../../../planning/reproduce.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { BlobCorruptError, BlobMissingError } from '../../../storage/errors.js';
import { requireBytesLeft } from '../../lifecycle/quota.js';
import { requireDatasetRow } from '../../store/datasets.js';
import { newId } from '../../store/ids.js';
import { findJobOfModel } from '../../store/jobs.js';
import { underLimit } from '../../store/limits.js';
import { findModel, type ModelRow } from '../../store/models.js';
import type { NewJob } from '../../store/new-jobs.js';
import {
  findReproduction,
  findReproductions,
  findUnfinished,
  insertReproduction,
} from '../../store/reproductions.js';
import type { Artifact, Job } from '../../store/rows.js';
import type { LiveWorker } from '../../store/workers.js';
import { placeAfter } from '../cursor.js';
import type { CreateParts } from '../jobs/create-job.js';
import { notFound } from '../require-job.js';
import { pageOf } from '../views/parts.js';
import { toReproduction } from '../views/reproduction.js';

type ReproductionMethods = Pick<ModelsClient, 'createReproduction' | 'listReproductions' | 'getReproduction'>;

export function reproductionMethods(parts: CreateParts, tenant: string): ReproductionMethods {
  const { db } = parts;
  return {
    async createReproduction(modelId, actor) {
      const model = (await findModel(db, tenant, modelId)) ?? notFound(modelId);
      return underLimit(db, 'reproduction', tenant, async (tx) => {
        const same = await findUnfinished(tx, tenant, modelId);
        if (same !== null) return toReproduction(same);
        const { job, expected } = await planAgain(parts, tenant, model, actor);
        await requireBytesLeft(db, parts.quota, tenant);
        // Before the row that waits for it. Without the row, it is a job like any other.
        await parts.storeJob({ job, key: null, trackers: [] });
        parts.nudge();
        const row = { id: newId('reproduction'), tenant, modelId, jobId: job.id, expected };
        return toReproduction(await insertReproduction(tx, row));
      });
    },
    async listReproductions(modelId, { after, limit }) {
      if ((await findModel(db, tenant, modelId)) === null) notFound(modelId);
      const place = placeAfter(after, 'reproduction');
      const page = pageOf(
        await findReproductions(db, { tenant, modelId }, place, limit + 1),
        limit,
        (row) => row.id,
      );
      return { ...page, data: page.data.map(toReproduction) };
    },
    async getReproduction(id) {
      const row = await findReproduction(db, tenant, id);
      return row && toReproduction(row);
    },
  };
}

function refuse(why: string): never {
  throw new StrataError('not_reproducible', `The model cannot be made again: ${why}.`);
}

/** The job that makes the model again, and the sha256 of its weights. @throws StrataError not_reproducible */
async function planAgain(
  parts: CreateParts,
  tenant: string,
  model: ModelRow,
  actor: string | null,
): Promise<{ readonly job: NewJob; readonly expected: string }> {
  const { db, reads } = parts;
  const weights = model.artifacts.find(({ name }) => name === FINAL_WEIGHTS);
  if (weights === undefined) refuse('its files were deleted');
  const original = await findJobOfModel(db, model.jobId);
  const impossible = whyImpossible(model.provenance?.environments ?? [], offeredBy(await reads.workers()));
  if (impossible !== null) refuse(impossible);
  if (original.earlyEnd?.reason === 'budget')
    refuse(
      'its stages were joined when its device time was spent, which depends on the speed of the devices',
    );
  await requireSameData(parts, model, original);
  const { name, metadata, priority, datasetId, spec, plan, initial } = original;
  const job: NewJob = {
    ...{ id: newId('job'), tenant, name, metadata, priority, datasetId, plan, initial, actor },
    ...{ spec: { ...spec, trackers: [] }, requested: null, traceparent: null },
    ...{ reproduces: model.id, parentId: null, carried: null },
  };
  return { job, expected: await storedHash(parts.blobs, weights) };
}

/**
 * The sha256 of the weights as they are stored. Damaged bytes are kept as they are, in a file of their own: the reproduction
 * stores the intact ones in their place.
 */
async function storedHash(blobs: BlobStore, { sha256, sizeBytes }: Artifact): Promise<string> {
  try {
    await blobs.localPath(`sha256:${sha256}`);
    return sha256;
  } catch (error) {
    if (error instanceof BlobMissingError) return refuse('its weights are missing');
    if (!(error instanceof BlobCorruptError)) throw error;
    const damaged = await blobs.readRange(`sha256:${sha256}`, 0, Number(sizeBytes));
    return (await blobs.put(damaged)).uri.slice('sha256:'.length);
  }
}

function offeredBy(workers: readonly LiveWorker[]): Runtime[] {
  return workers
    .filter(({ draining }) => !draining)
    .flatMap(({ slots }) => slots.flatMap(({ runtime }) => runtime ?? []));
}

async function requireSameData({ db, blobs }: CreateParts, model: ModelRow, job: Job): Promise<void> {
  const recorded = model.provenance?.dataset_sha256;
  const { name, sha256 } = await requireDatasetRow(db, job.datasetId);
  if (recorded && sha256 !== recorded)
    refuse(`the dataset ${name} has changed: its sha256 is ${sha256}, the model was trained on ${recorded}`);
  for (const uri of job.initial ?? [])
    if (!(await blobs.touch(uri))) refuse(`the weights ${uri} that it began from are missing`);
}
