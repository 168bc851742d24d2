import type { BlobUri } from '../../../contract/blob-uri.js';
import type { EvaluationRequest } from '../../../contract/client/evaluations.js';
import type { ModelVariantName } from '../../../contract/client/models.js';
import { StrataError } from '../../../contract/errors.js';
import type { StoredSetup } from '../../../contract/evaluator-protocol.js';
import { inputShape } from '../../../network/input-shape.js';
import { assemblyInputs, hasCompact } from '../../../planning/tasks/assembly.js';
import {
  type KeptWeights,
  type RestartPoint,
  restartPoints,
} from '../../../planning/tasks/restart-points.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { findAssembled, type NewEvaluation, type Serving } from '../../store/evaluations.js';
import { readKeptWeights, readStart } from '../../store/kept-weights.js';
import { findModel, type ServedModel } from '../../store/models.js';
import { preparedManifest } from '../datasets/images.js';
import { checkpointId } from '../jobs/init-from.js';
import { servedFile } from '../models/served-file.js';
import { notFound } from '../require-job.js';
import { refuse } from './refuse.js';

/** A model or a checkpoint, as an evaluation sees it. */
export interface Subject {
  readonly columns: Pick<NewEvaluation, 'modelId' | 'modelName' | 'checkpointId' | 'jobId' | 'serving'>;
  readonly sees: Pick<ServedModel, 'image' | 'storage' | 'classes'>;
  /** Null: the file is assembled first. @throws StrataError model_not_served, checkpoint_unusable */
  file(variant: ModelVariantName): BlobUri | null;
  readonly setup: Pick<StoredSetup, 'checkpoint' | 'assembly'>;
}

export interface SubjectParts {
  readonly db: Database;
  readonly blobs: BlobStore;
}

/** @throws StrataError not_found, invalid_request, checkpoint_unusable, dataset_not_prepared */
export function findSubject(
  parts: SubjectParts,
  tenant: string,
  { model, checkpoint }: EvaluationRequest,
): Promise<Subject> {
  if (model !== undefined && checkpoint === undefined) return ofModel(parts, tenant, model);
  if (checkpoint !== undefined && model === undefined) return ofCheckpoint(parts, tenant, checkpoint);
  return refuse(model === undefined ? '/model' : '/checkpoint', 'Give either model or checkpoint.');
}

async function ofModel({ db }: SubjectParts, tenant: string, id: string): Promise<Subject> {
  const model = (await findModel(db, tenant, id)) ?? notFound(id);
  return {
    columns: { modelId: id, modelName: model.name, checkpointId: null, jobId: null, serving: null },
    sees: model,
    file: (variant) => servedFile(model, variant),
    setup: {},
  };
}

async function ofCheckpoint(parts: SubjectParts, tenant: string, id: string): Promise<Subject> {
  const { db } = parts;
  const [jobId = ''] = id.split('-', 1);
  const kept = await readKeptWeights(db, tenant, jobId);
  const point = kept && restartPoints(kept).find((candidate) => checkpointId(jobId, candidate) === id);
  if (!kept || !point) return notFound(id);
  if (!point.startsJobs) unusable(`${id} is part of a network, or belongs to a task that still runs.`);
  const { spec, facts } = kept;
  const serving = await heldNetworks(parts, await findAssembled(db, tenant, jobId, id));
  const start = await readStart(db, jobId);
  const { kind, round, step } = point;
  const checkpoint = { id, job_id: jobId, job_name: start.name || null, kind, round, step };
  const made = serving ? {} : { assembly: await assemblyOf(parts, id, kept, point, start) };
  return {
    columns: { modelId: null, modelName: null, checkpointId: id, jobId, serving },
    sees: { image: inputShape(spec, facts), storage: facts.storage, classes: [...facts.classes] },
    file: (variant) => {
      if (variant === 'compact') requireCompact(id, kept, point);
      return serving?.[variant] ?? null;
    },
    setup: { checkpoint, ...made },
  };
}

/** Networks that an earlier evaluation assembled, if their bytes are there; then the new row keeps them. */
async function heldNetworks({ blobs }: SubjectParts, serving: Serving | null): Promise<Serving | null> {
  if (serving === null) return null;
  return (await allThere(blobs, Object.values(serving))) ? serving : null;
}

/** Touches what a trainer will read, so that garbage collection keeps it until the row refers to it (docs/adr/0009). */
async function assemblyOf(
  { blobs }: SubjectParts,
  id: string,
  { spec, facts, ended }: KeptWeights,
  point: RestartPoint,
  { dataset, initial }: Awaited<ReturnType<typeof readStart>>,
): Promise<NonNullable<StoredSetup['assembly']>> {
  const manifest = preparedManifest(dataset);
  // The initial weights of an ended job may be gone. All of its checkpoints have every parameter.
  const states = assemblyInputs(point, ended ? [] : (initial ?? []));
  if (!(await allThere(blobs, [manifest])))
    unusable(`The stored bytes of ${dataset.name} are missing, on which ${id} was trained.`);
  if (!(await allThere(blobs, Object.values(states)))) unusable(`The stored bytes of ${id} are missing.`);
  return { spec, dataset: facts, inputs: { dataset: manifest, ...states } };
}

async function allThere(blobs: BlobStore, uris: readonly BlobUri[]): Promise<boolean> {
  return (await Promise.all(uris.map((uri) => blobs.touch(uri)))).every(Boolean);
}

function requireCompact(id: string, kept: KeptWeights, { kind }: RestartPoint): void {
  if (!hasCompact(kept)) unusable(`The job of ${id} makes no compact network.`);
  if (kind !== 'final') unusable(`The compact network of ${id} is fitted at the end of its job.`);
}

function unusable(detail: string): never {
  throw new StrataError('checkpoint_unusable', detail);
}
