import type { CheckJob } from '../../../contract/client/sweeps.js';
import { type FieldError, StrataError } from '../../../contract/errors.js';
import { validationImages } from '../../../method/samples.js';
import { placeRungs } from '../../../planning/sweeps/place-rungs.js';
import { withValues } from '../../../planning/sweeps/set-values.js';
import type { Parameters, SweepSpec } from '../../../planning/sweeps/types.js';
import { factsOf } from '../../store/dataset-facts.js';
import type { PreparedJob } from '../../store/sweep-trials.js';
import { type NewJobParts, resolveJob } from '../jobs/new-job.js';

/** The jobs of one point. */
export interface PreparedPoint {
  readonly parameters: Parameters;
  /** One for each repeat. */
  readonly jobs: readonly PreparedJob[];
  readonly refit: PreparedJob | null;
  /** Rounds after which its job is compared with others. */
  readonly rungs: readonly number[];
}

export interface Preparation {
  readonly parts: NewJobParts;
  readonly tenant: string;
  readonly spec: SweepSpec;
  /** Seed of the jobs that set none. */
  readonly seed: number;
  readonly checkJob: CheckJob;
}

const UNTITLED = 'sweep';

/**
 * Checks the job of a point, as POST /jobs does.
 * @throws StrataError invalid_request and invalid_spec, with pointers into the job, and as resolveJob does
 */
export async function preparePoint(preparation: Preparation, parameters: Parameters): Promise<PreparedPoint> {
  const { spec } = preparation;
  const { job: first, rungs } = await withRungs(preparation, parameters);
  const jobs = Array.from({ length: spec.repeats }, (_, repeat) => withSeed(first, first.spec.seed + repeat));
  if (!spec.refit) return { parameters, jobs, rungs, refit: null };
  const overrides = { ...parameters, ...spec.refit.overrides };
  return { parameters, jobs, rungs, refit: await prepareJob(preparation, overrides) };
}

/** The job of a point, evaluated at its rungs. */
async function withRungs(
  preparation: Preparation,
  parameters: Parameters,
): Promise<{ readonly job: PreparedJob; readonly rungs: readonly number[] }> {
  const { parts, tenant, spec } = preparation;
  const job = await prepareJob(preparation, parameters);
  if (spec.stopping.type === 'none') return { job, rungs: [] };
  const dataset = await parts.reads.dataset(tenant, job.spec.dataset);
  const placed = dataset === undefined ? null : placeRungs(spec.stopping, job.spec, factsOf(dataset));
  if (placed === null) return { job, rungs: [] };
  if ('problem' in placed) throw refusedBecause('/stopping/min_epochs', placed.problem);
  const evaluated = { ...parameters, '/evaluate_every': placed.every };
  return { job: await prepareJob(preparation, evaluated), rungs: placed.rounds };
}

const SEEDS = 2 ** 32;

function withSeed(job: PreparedJob, seed: number): PreparedJob {
  return { ...job, spec: { ...job.spec, seed: seed % SEEDS } };
}

async function prepareJob(
  { parts, tenant, spec, seed, checkJob }: Preparation,
  parameters: Parameters,
): Promise<PreparedJob> {
  const base = {
    ...spec.job,
    name: spec.job.name || spec.name || UNTITLED,
    metadata: { ...spec.job.metadata, ...spec.metadata },
    seed: spec.job.seed ?? seed,
  };
  const job = checkJob(withValues(base, parameters));
  const owner = { id: UNTITLED, tenant, traceparent: null, requested: null, actor: null };
  const { datasetId, spec: resolved, plan, initial } = await resolveJob(parts, owner, job);
  const dataset = await parts.reads.dataset(tenant, resolved.dataset);
  if (dataset !== undefined && validationImages(resolved, factsOf(dataset)) === null) throw unvalidated();
  return { datasetId, spec: resolved, plan, initial };
}

/** The test images must not choose. */
function unvalidated(): StrataError {
  const message =
    'The objective is measured on validation images, and this job has none. Hold some out, for example 0.1.';
  return refusedBecause('/validation_share', message);
}

function refusedBecause(pointer: string, message: string): StrataError {
  return new StrataError('invalid_spec', undefined, { errors: [{ pointer, message }] });
}

/** The same error with pointers into the request that has the job in a field. */
export function underField(error: StrataError, pointerOf: (field: FieldError) => string): StrataError {
  const errors = error.errors.map((field) => ({ ...field, pointer: pointerOf(field) }));
  const code = error.code === 'invalid_request' ? 'invalid_spec' : error.code;
  return new StrataError(code, errors.length > 0 ? undefined : error.detail, { cause: error, errors });
}
