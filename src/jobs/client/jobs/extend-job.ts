import type { CreateJobOptions } from '../../../contract/client/jobs.js';
import { StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { DatasetFacts, ResolvedSpec } from '../../../contract/spec.js';
import { isTerminal } from '../../../contract/states.js';
import { extensionObstacle } from '../../../method/index.js';
import { roundsOf } from '../../../method/rounds.js';
import type { SpecWarning } from '../../../planning/spec/warnings.js';
import { carriedOutputs, extendedSpec, planExtension } from '../../../planning/tasks/extension.js';
import { factsOf } from '../../store/dataset-facts.js';
import { requireDatasetRow } from '../../store/datasets.js';
import { findJob } from '../../store/jobs.js';
import { findModelStates } from '../../store/model-states.js';
import { modelIds } from '../../store/models.js';
import type { NewJob } from '../../store/new-jobs.js';
import type { Job } from '../../store/rows.js';
import { notFound } from '../require-job.js';
import { type CreateParts, submit } from './create-job.js';
import { planFigures } from './new-job.js';

type Extension = Required<components['schemas']['JobExtension']> & { readonly id: string };
type Options = Pick<CreateJobOptions, 'idempotencyKey' | 'bodyHash' | 'actor' | 'traceparent'>;

/** Stores the job that continues another one. @throws StrataError as `JobsClient.extendJob` */
export function extendJob(
  parts: CreateParts,
  tenant: string,
  extension: Extension,
  { idempotencyKey, bodyHash = '', actor = null, traceparent = null }: Options,
): Promise<{ row: Job; replayed: boolean }> {
  const key = idempotencyKey === undefined ? null : { key: idempotencyKey, bodyHash };
  const make = async (id: string): Promise<NewJob> => ({
    ...(await continued(parts, tenant, extension)),
    ...{ id, tenant, actor, traceparent },
  });
  return submit(parts, tenant, { key, make, trackers: async () => [] });
}

type Continued = Omit<NewJob, 'id' | 'tenant' | 'actor' | 'traceparent'>;

async function continued(parts: CreateParts, tenant: string, extension: Extension): Promise<Continued> {
  const { db } = parts;
  const { id, epochs, schedule } = extension;
  const job = (await findJob(db, tenant, id)) ?? notFound(id);
  requireContinuable(job, extension);
  const facts = factsOf(await requireDatasetRow(db, job.datasetId));
  const spec = extendedSpec(job.spec, facts, { epochs, rewarm: schedule === 'rewarm' });
  const carried = await carriedOf(parts, job, spec, facts);
  await requireInitial(parts, job);
  const plan = planFigures(spec, facts, forgotten(job.spec));
  const { length: tasks } = planExtension(spec, facts, carried);
  return {
    ...{ name: job.name, metadata: job.metadata, priority: job.priority, datasetId: job.datasetId },
    ...{ spec, requested: null, plan: { ...plan, tasks }, initial: job.initial },
    ...{ reproduces: null, parentId: id, carried },
  };
}

const refuse = (detail: string): never => {
  throw new StrataError('job_not_extendable', detail);
};

/** Schedules whose rate at the end of a job says how it goes on. */
const LASTING: readonly ResolvedSpec['optimizer']['schedule']['type'][] = ['constant', 'step'];

function requireContinuable(
  { id, state, spec, earlyEnd, reproduces }: Job,
  { epochs, schedule }: Extension,
): void {
  if (!isTerminal('job', state)) {
    throw new StrataError('job_unfinished', `The job is ${state}. Extend it when it has succeeded.`);
  }
  if (state !== 'succeeded') refuse(`The job has not succeeded, it is ${state}.`);
  if (reproduces !== null)
    refuse(`The job made the model ${reproduces} again. Extend the job of that model.`);
  if (earlyEnd !== null)
    refuse(`Its layer-parallel phase ended early (${earlyEnd.reason}), so its phases are over.`);
  const obstacle = extensionObstacle(spec.method);
  if (obstacle !== null) refuse(obstacle);
  if (spec.selection?.keep === 'best') {
    refuse('It exported the best network of its last phase, and later ones could not be compared with it.');
  }
  const { type, warmup_epochs: warmup, cooldown_epochs: cooldown = 0 } = spec.optimizer.schedule;
  if (schedule === 'continue' && !LASTING.includes(type)) {
    refuse(`The rate of ${id} fell to the end of its schedule (${type}). Use {"schedule": "rewarm"}.`);
  }
  const { mix_off_epochs: unmixed = 0 } = spec.augmentation;
  if (schedule === 'continue' && unmixed > 0) {
    refuse(`Its last ${unmixed} epochs were trained without mixing images. Use {"schedule": "rewarm"}.`);
  }
  const ends = warmup + cooldown;
  if (schedule === 'rewarm' && ends >= epochs) {
    const what = cooldown > 0 ? 'The warm-up and the cool-down take' : 'The warm-up takes';
    refuse(`${what} ${ends} epochs, so the rate would never arrive. Add more than ${ends} epochs.`);
  }
}

async function carriedOf(
  { db, blobs }: CreateParts,
  { id, spec }: Job,
  extended: ResolvedSpec,
  facts: DatasetFacts,
): Promise<NonNullable<NewJob['carried']>> {
  const modelId = (await modelIds(db, [id])).get(id);
  if (modelId === undefined) return refuse(`The model of ${id} was deleted, and its state with it.`);
  const states = await findModelStates(db, modelId);
  if (states.size === 0) {
    return refuse(
      `The service has no state of ${id}: it deleted the files, or the job ran before it kept states.`,
    );
  }
  const outputs = carriedOutputs(spec, extended, facts, states);
  if (outputs === null) {
    return refuse(
      `Stages of the method ${spec.method.type} pass on more than their state, which is not kept.`,
    );
  }
  // Touched, so that garbage collection keeps them until the row of the job refers to them.
  const there = await Promise.all([...states.values()].map(({ uri }) => blobs.touch(uri)));
  if (!there.every(Boolean)) return refuse(`The stored state of ${id} is missing.`);
  return { steps: roundsOf(spec, facts).totalSteps, outputs };
}

/** Frozen or untrained parts are read from the weights that the job began from. */
async function requireInitial({ blobs }: CreateParts, { id, initial }: Job): Promise<void> {
  const there = await Promise.all((initial ?? []).map((uri) => blobs.touch(uri)));
  if (!there.every(Boolean)) refuse(`The weights that ${id} began from were deleted.`);
}

/** Settings of the job that its extension does not have. */
function forgotten(spec: ResolvedSpec): SpecWarning[] {
  const names = ['early_stopping', 'max_device_seconds'] as const;
  return names
    .filter((name) => spec[name])
    .map((name) => ({ pointer: `/${name}`, message: 'is not part of the extension' }));
}
