import { randomInt } from 'node:crypto';
import { type FieldError, StrataError } from '../../contract/errors.js';
import type { components } from '../../contract/generated/openapi.js';
import type { CreateJobOptions } from '../../contract/jobs-client.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../network/rounds.js';
import { newId } from '../ids.js';
import { planTasks } from '../plan.js';
import { resolveSpec } from '../resolve.js';
import { type Database, toJson } from '../store/database.js';
import { factsOf, findDataset, findDatasets } from '../store/datasets.js';
import { appendEvents } from '../store/events.js';
import { takeKey } from '../store/idempotency-keys.js';
import { notify } from '../store/notify.js';
import type { Job } from '../store/rows.js';
import { countDevices } from '../store/workers.js';

const SEEDS = 2 ** 32;
const DRY_RUN_ID = 'dry_run';

/**
 * Checks a spec and stores the job it becomes, with the Idempotency-Key, in one transaction: once this returns, the
 * job survives anything but the loss of Postgres.
 * @throws StrataError invalid_spec, precision_unavailable, idempotency_key_reused
 */
export async function createJob(
  db: Database,
  tenant: string,
  submitted: JobSpec,
  { idempotencyKey, bodyHash = '', dryRun = false }: CreateJobOptions,
): Promise<{ row: Job; replayed: boolean }> {
  const earlier = idempotencyKey && !dryRun ? await replay(db, tenant, idempotencyKey, bodyHash) : null;
  if (earlier) return { row: earlier, replayed: true };
  const { datasetId, facts } = await datasetOf(db, submitted.dataset);
  const spec = resolveSpec(submitted, facts, randomInt(SEEDS), await countDevices(db));
  const job = newJob(dryRun ? DRY_RUN_ID : newId('job'), tenant, datasetId, spec, facts);
  if (dryRun) return { row: unsaved(job), replayed: false };
  const row = await insert(db, job, idempotencyKey ?? null, bodyHash);
  if (row) return { row, replayed: false };
  // Another request with the same key was quicker.
  const first = await replay(db, tenant, idempotencyKey ?? '', bodyHash);
  if (!first) throw new StrataError('idempotency_in_flight');
  return { row: first, replayed: true };
}

type NewJob = ReturnType<typeof newJob>;

function newJob(id: string, tenant: string, datasetId: string, spec: ResolvedSpec, facts: DatasetFacts) {
  const { name, metadata, priority } = spec;
  return {
    id,
    tenant,
    name,
    metadata,
    state: 'queued',
    priority,
    datasetId,
    spec,
    plan: planFigures(spec, facts),
  };
}

function planFigures(spec: ResolvedSpec, facts: DatasetFacts): components['schemas']['JobPlan'] {
  const rounds = roundsOf(spec, facts);
  return {
    tasks: planTasks(spec, facts).length,
    steps_per_epoch: rounds.stepsPerEpoch,
    total_steps: rounds.totalSteps,
    round_steps: rounds.roundSteps,
    warm_start_rounds: rounds.warmStartRounds,
    parallel_rounds: rounds.parallelRounds,
    end_to_end_rounds: rounds.endToEndRounds,
  };
}

async function replay(db: Database, tenant: string, key: string, bodyHash: string): Promise<Job | null> {
  const where = { tenant_key: { tenant, key } };
  const used = await db.idempotencyKey.findUnique({ where, include: { job: true } });
  if (used === null) return null;
  if (used.bodyHash !== bodyHash) throw new StrataError('idempotency_key_reused');
  return used.job;
}

class KeyTakenError extends Error {}

/** @returns null when the key turned out to be taken: nothing is stored then */
async function insert(db: Database, job: NewJob, key: string | null, bodyHash: string): Promise<Job | null> {
  try {
    return await db.$transaction(async (tx) => {
      const { metadata, spec, plan, ...columns } = job;
      const row = await tx.job.create({
        data: { ...columns, metadata: toJson(metadata), spec: toJson(spec), plan: toJson(plan) },
      });
      if (key !== null && (await takeKey(tx, { tenant: job.tenant, key }, bodyHash, job.id)) !== null)
        throw new KeyTakenError();
      await appendEvents(tx, job.id, { type: 'job.queued', message: 'the job waits for a worker' });
      await notify(tx, 'strata_dispatch');
      return row;
    });
  } catch (error) {
    if (error instanceof KeyTakenError) return null;
    throw error;
  }
}

async function datasetOf(db: Database, name: string): Promise<{ datasetId: string; facts: DatasetFacts }> {
  const row = await findDataset(db, name);
  if (row?.state === 'ready') return { datasetId: row.id, facts: factsOf(row) };
  const known = (await findDatasets(db)).map((dataset) => dataset.name).join(', ');
  const message = row ? `'${name}' is not ready yet` : `there is no dataset '${name}'; there are: ${known}`;
  const errors: FieldError[] = [{ pointer: '/dataset', message }];
  throw new StrataError('invalid_spec', undefined, { errors });
}

/** The row that a dry run would have stored. */
function unsaved({ metadata, spec, plan, ...columns }: NewJob): Job {
  return {
    ...columns,
    metadata,
    spec: toJson(spec) as Job['spec'],
    plan: toJson(plan) as Job['plan'],
    stopAs: null,
    stopNow: false,
    eventSeq: 0,
    logSeq: 0,
    result: null,
    error: null,
    createdAt: new Date(),
    cancelRequestedAt: null,
    pauseRequestedAt: null,
    plannedAt: null,
    queuedAt: new Date(),
    startedAt: null,
    runningSince: null,
    ranSeconds: 0,
    finishedAt: null,
    spoolDeletedAt: null,
  };
}
