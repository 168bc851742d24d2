import { randomInt } from 'node:crypto';
import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../../contract/spec.js';
import { roundsOf } from '../../../method/rounds.js';
import { resolveSpec } from '../../../planning/spec/resolve.js';
import { warningsOf } from '../../../planning/spec/warnings.js';
import { countTasks } from '../../../planning/tasks/task-graph.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import {
  type DatasetFactsRow,
  factsOf,
  findDatasetsNamed,
  isVisibleTo,
  type NamedDataset,
} from '../../store/dataset-facts.js';
import { datasetNames } from '../../store/datasets.js';
import type { NewJob } from '../../store/new-jobs.js';
import type { Job } from '../../store/rows.js';
import { deviceCount } from '../../store/workers.js';
import { readTogether } from '../together/read-together.js';
import { resolveInitial } from './init-from.js';
import type { Initial } from './initial.js';
import type { QueueReads } from './queue-place.js';

const SEEDS = 2 ** 32;

const MAX_NAMED = 20;

/** Queries of every new job. Concurrent requests share them. */
export interface DatasetReads {
  readonly dataset: (tenant: string, nameOrId: string) => Promise<DatasetFactsRow | undefined>;
  /** Names of some datasets that the tenant can use. */
  readonly datasetNames: (tenant: string) => Promise<string[]>;
}

/** Begins the import of a built-in dataset. */
export type BeginImport = (tenant: string, id: string) => Promise<void>;

export function openDatasetReads(db: Database): DatasetReads {
  const read = readTogether((wanted: readonly NamedDataset[]) => findDatasetsNamed(db, wanted));
  return {
    dataset: async (tenant, nameOrId) =>
      (await read([{ tenant, nameOrId }])).find(
        (row) => isVisibleTo(tenant, row) && (row.id === nameOrId || row.name === nameOrId),
      ),
    datasetNames: (tenant) => datasetNames(db, tenant, MAX_NAMED),
  };
}

/** Dependencies for resolving a spec. */
export interface NewJobParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly reads: DatasetReads & Pick<QueueReads, 'workers'>;
  readonly beginImport: BeginImport | null;
}

interface Resolved {
  readonly spec: ResolvedSpec;
  readonly facts: DatasetFacts;
  readonly datasetId: string;
}

/**
 * A spec with every choice made.
 * @param beginImport for a job that is to be stored; null for one that is only looked at, which downloads nothing
 * @throws StrataError invalid_spec, dataset_not_ready, precision_unavailable */
export async function resolveFor(
  reads: NewJobParts['reads'],
  tenant: string,
  submitted: JobSpec,
  beginImport: BeginImport | null,
): Promise<Resolved> {
  const [dataset, workers] = await Promise.all([
    requireDataset(reads, tenant, submitted.dataset, beginImport),
    reads.workers(),
  ]);
  const facts = factsOf(dataset);
  const spec = resolveSpec(submitted, facts, randomInt(SEEDS), deviceCount(workers));
  return { spec, facts, datasetId: dataset.id };
}

/** Makes the job of a spec. @throws StrataError as resolveFor does */
export async function resolveJob(
  parts: NewJobParts,
  {
    id,
    tenant,
    traceparent,
    requested,
    actor,
  }: Pick<NewJob, 'id' | 'tenant' | 'traceparent' | 'requested' | 'actor'>,
  submitted: JobSpec,
): Promise<NewJob> {
  const resolved = await resolveFor(parts.reads, tenant, submitted, parts.beginImport);
  const { facts, datasetId } = resolved;
  const initial = await resolveInitial(parts, tenant, resolved.spec, facts);
  const { spec } = initial;
  const { name, metadata, priority } = spec;
  return {
    id,
    tenant,
    name,
    metadata,
    priority,
    datasetId,
    spec,
    requested,
    plan: planFigures(spec, facts, initial.warnings),
    traceparent,
    initial: initial.blobs,
    actor,
    reproduces: null,
    parentId: null,
    carried: null,
  };
}

async function requireDataset(
  reads: DatasetReads,
  tenant: string,
  name: string,
  beginImport: BeginImport | null,
): Promise<DatasetFactsRow> {
  const row = await reads.dataset(tenant, name);
  if (row?.state === 'ready') return row;
  if (row?.builtIn) await beginImport?.(tenant, row.id);
  if (row) throw notReady(row, beginImport !== null);
  const known = (await reads.datasetNames(tenant)).join(', ');
  const message = `there is no dataset '${name}'; available: ${known}`;
  const errors: FieldError[] = [{ pointer: '/dataset', message }];
  throw new StrataError('invalid_spec', undefined, { errors });
}

function notReady({ name, state, builtIn }: DatasetFactsRow, begins: boolean): StrataError {
  const first = begins
    ? 'is used for the first time and is being imported'
    : 'is imported when a job first names it';
  const again = builtIn && begins ? '; it is now imported again' : '';
  const why =
    state === 'failed'
      ? `could not be imported; read its problems${again}`
      : state === 'available'
        ? first
        : 'is being validated: its classes and sizes are not known yet';
  return new StrataError('dataset_not_ready', `The dataset ${name} ${why}.`);
}

export function planFigures(
  spec: ResolvedSpec,
  facts: DatasetFacts,
  warnings: Initial['warnings'],
): components['schemas']['JobPlan'] {
  const rounds = roundsOf(spec, facts);
  return {
    tasks: countTasks(spec, facts),
    steps_per_epoch: rounds.stepsPerEpoch,
    total_steps: rounds.totalSteps,
    round_steps: rounds.roundSteps,
    warm_start_rounds: rounds.warmStartRounds,
    parallel_rounds: rounds.parallelRounds,
    end_to_end_rounds: rounds.endToEndRounds,
    warnings: [...warningsOf(spec, facts), ...warnings],
  };
}

/** The row of a stored job, or of the job of a dry run. */
export function rowOf(job: NewJob, createdAt: Date): Job {
  // The fields are listed one by one: a spread of this many is the slowest line of a request.
  return {
    id: job.id,
    tenant: job.tenant,
    name: job.name,
    priority: job.priority,
    datasetId: job.datasetId,
    traceparent: job.traceparent,
    metadata: job.metadata,
    notes: '',
    archivedAt: null,
    spec: job.spec,
    requested: job.requested,
    plan: job.plan,
    initial: job.initial,
    actor: job.actor,
    reproduces: job.reproduces,
    parentId: job.parentId,
    carried: job.carried,
    earlyEnd: null,
    selected: null,
    budgetSpentAt: null,
    state: 'queued',
    stopAs: null,
    stopNow: false,
    eventSeq: 1,
    logSeq: 0,
    result: null,
    error: null,
    createdAt,
    cancelRequestedAt: null,
    pauseRequestedAt: null,
    plannedAt: null,
    queuedAt: createdAt,
    startedAt: null,
    runningSince: null,
    ranSeconds: 0,
    finishedAt: null,
    spoolDeletedAt: null,
    artifactsDeletedAt: null,
  };
}
