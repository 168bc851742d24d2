import type { ResolvedSpec } from '../../contract/spec.js';
import type { MetricSample, TaskSuccess, TaskWarning } from '../../contract/trainer-protocol.js';
import { speedUpOf } from '../../planning/tasks/speed-up.js';
import { LEASE_MS } from '../process/limits.js';
import { insertArtifacts } from '../store/artifacts.js';
import { type Database, type Transaction, toJson } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { isUnavailable } from '../store/connection/unavailable.js';
import { setDatasetHash } from '../store/datasets.js';
import { appendEvents, type NewEvent } from '../store/events.js';
import { type LockedJob, lockJob, setJobState } from '../store/jobs.js';
import { writeMetrics } from '../store/metrics.js';
import { insertModel, type JobWithDataset } from '../store/models.js';
import { findTrainedTasks } from '../store/task-seconds.js';
import {
  endSucceeded,
  type PlainSuccess,
  recordPlainSuccess,
  recordPlainSuccessAndClaim,
} from '../store/task-successes.js';
import type { ClaimedTask, Claimer } from '../store/tasks.js';
import { type Claim, claimOf } from './claim.js';
import { endPhaseEarly } from './early-stop.js';
import { keepCheckpoints } from './keep-checkpoints.js';
import { plannedModel } from './make-model.js';
import { selectNetwork } from './select-network.js';
import { settle } from './stop.js';
import { describe, taskData } from './task-events.js';

/** The trainer did not produce an output that later tasks need according to the plan. */
export class MissingOutputError extends Error {}

/**
 * Records the result of an attempt and opens the tasks that waited for it, all or nothing.
 * @param decides whether an evaluation may change the rest of its job, as `isDecisive` says of the job's spec
 * @returns the number of opened tasks; null for a stale attempt, of which nothing is stored
 * @throws MissingOutputError, and stores nothing
 */
export async function recordSuccess(
  db: Database,
  task: ClaimedTask,
  success: TaskSuccess,
  lastSamples: readonly MetricSample[],
  decides = true,
): Promise<number | null> {
  const plainly = isPlain(task, success, decides)
    ? await recordPlainSuccess(db, task, plainOf(task, success, lastSamples))
    : null;
  return offerOthers(db, plainly ?? (await recordInFull(db, task, success, lastSamples)));
}

export interface Recorded {
  /** As `recordSuccess` returns. */
  readonly opened: number | null;
  /** The next task of the slot; null where it must look itself. */
  readonly next: Claim | null;
}

/**
 * The same, and claims the next task for the slot. Where its job just goes on, both are one transaction.
 * @throws as `recordSuccess`
 */
export async function recordSuccessAndClaim(
  db: Database,
  task: ClaimedTask,
  success: TaskSuccess,
  lastSamples: readonly MetricSample[],
  decides: boolean,
  claimer: Claimer,
): Promise<Recorded> {
  const alone = async () => ({
    opened: await recordSuccess(db, task, success, lastSamples, decides),
    next: null,
  });
  if (!isPlain(task, success, decides)) return alone();
  try {
    const plainly = plainOf(task, success, lastSamples);
    const { opened, claimed } = await recordPlainSuccessAndClaim(db, task, plainly, claimer, LEASE_MS);
    if (opened === null && claimed === null)
      return { opened: offerOthers(db, await recordInFull(db, task, success, lastSamples)), next: null };
    // The end stays recorded. A claim that is lost here is taken by others when its lease is over.
    return { opened: offerOthers(db, opened), next: await claimOf(db, claimed).catch(() => null) };
  } catch (error) {
    // A row of the next task that cannot be read must not keep this one from its end.
    if (isUnavailable(error) || error instanceof MissingOutputError) throw error;
    return alone();
  }
}

/** The slot that ran the task takes one of those that it opened. */
function offerOthers(db: Database, opened: number | null): number | null {
  if (opened !== null && opened > 1) notify(db, 'strata_dispatch', 'ready');
  return opened;
}

/** Nothing follows from it but the tasks that it opens. */
function isPlain({ kind }: ClaimedTask, success: TaskSuccess, decides: boolean): boolean {
  const { artifacts, warnings = [] } = success;
  if (kind === 'finalize' || (kind === 'evaluate' && decides)) return false;
  return artifacts.length === 0 && warnings.length === 0;
}

/** Whether evaluations of such a job end its phase or choose its network. Jobs of earlier versions have neither field. */
export function isDecisive(spec: ResolvedSpec): boolean {
  return Boolean(spec.early_stopping) || spec.selection?.keep === 'best';
}

function plainOf(task: ClaimedTask, success: TaskSuccess, samples: readonly MetricSample[]): PlainSuccess {
  const { jobId, key } = task;
  const datasetHash = hashOfDataset(task, success);
  return { jobId, key, success, samples, datasetHash, event: eventOf(task, success) };
}

function recordInFull(
  db: Database,
  task: ClaimedTask,
  success: TaskSuccess,
  lastSamples: readonly MetricSample[],
): Promise<number | null> {
  return db.$transaction(async (tx) => {
    const job = await lockJob(tx, task.jobId);
    const opening = job && (await endSucceeded(tx, task, success));
    if (!opening) return null;
    checkOutputs(task, success, opening.needed);
    await writeMetrics(tx, job.id, task.attempt, lastSamples);
    await insertArtifacts(tx, job.id, success.artifacts);
    await appendEvents(tx, job.id, eventOf(task, success));
    await appendWarnings(tx, job, task, success.warnings ?? []);
    return opening.opened + (await followUp(tx, job, task, success));
  });
}

function eventOf(task: ClaimedTask, { seconds, result }: TaskSuccess): NewEvent {
  const data = taskData(task, { seconds, result });
  return { type: 'task.succeeded', message: `${describe(task)} succeeded`, data };
}

/** In the transaction of the result, so that each warning is recorded once, however often the task ran. */
async function appendWarnings(
  tx: Transaction,
  job: LockedJob,
  task: ClaimedTask,
  warnings: readonly TaskWarning[],
): Promise<void> {
  for (const { message, ...about } of warnings) {
    await appendEvents(tx, job.id, {
      type: 'task.warned',
      level: 'warning',
      message: `${describe(task)}: ${message}`,
      data: taskData(task, about),
    });
  }
}

/** A job without these figures has no result. */
const FINAL_FIGURES = ['test_accuracy', 'test_loss'] as const;

function checkOutputs(task: ClaimedTask, success: TaskSuccess, needed: readonly string[]): void {
  const missing = needed.filter((name) => success.outputs[name] === undefined);
  if (task.kind === 'finalize') {
    missing.push(...FINAL_FIGURES.filter((name) => success.result[name] === undefined));
  }
  if (missing.length > 0)
    throw new MissingOutputError(`${task.key} did not produce its outputs ${missing.join(', ')}`);
}

/** @returns the number of tasks that became claimable by it */
async function followUp(
  tx: Transaction,
  job: LockedJob,
  task: ClaimedTask,
  success: TaskSuccess,
): Promise<number> {
  const hash = hashOfDataset(task, success);
  if (hash !== null) await setDatasetHash(tx, job.id, hash);
  if (job.stopAs === null && task.kind === 'finalize') {
    await succeedJob(tx, job, success);
    return 0;
  }
  const opened = job.stopAs === null && task.kind === 'evaluate' ? await decide(tx, job) : 0;
  await settle(tx, job);
  return opened;
}

/** Decisions that the evaluations of a job lead to. */
async function decide(tx: Transaction, job: LockedJob): Promise<number> {
  const { spec } = await tx.job.findUniqueOrThrow({ where: { id: job.id }, select: { spec: true } });
  if (!isDecisive(spec)) return 0;
  const opened = await endPhaseEarly(tx, job);
  await selectNetwork(tx, job);
  return opened;
}

/**
 * The model comes last: its number is the next of its name, and jobs whose models have the same name wait for each other from
 * there to the commit.
 */
async function succeedJob(tx: Transaction, locked: LockedJob, success: TaskSuccess): Promise<void> {
  const { result, networks = [] } = success;
  const job = await tx.job.findUniqueOrThrow({ where: { id: locked.id }, include: { dataset: true } });
  const model = await plannedModel(tx, job, success);
  const compared = await speedUpOfJob(tx, job);
  await keepCheckpoints(tx, job);
  await setJobState(tx, locked, 'succeeded', { result: toJson({ ...result, networks, ...compared }) });
  const data = { result, model_id: model?.id ?? null };
  await appendEvents(tx, job.id, { type: 'job.succeeded', message: 'the job succeeded', data });
  if (model) await insertModel(tx, job, model);
}

async function speedUpOfJob(tx: Transaction, { id, spec, ranSeconds }: JobWithDataset) {
  // A value above 0 means that the job was paused, because only a pause adds to the stored run time.
  return speedUpOf(spec.method, await findTrainedTasks(tx, id), ranSeconds > 0);
}

/** The hash of the dataset that a task has prepared; null for any other task. */
function hashOfDataset({ kind }: ClaimedTask, { outputs }: TaskSuccess): string | null {
  const uri = outputs.dataset?.uri;
  return kind === 'prepare' && uri?.startsWith('sha256:') ? uri.slice('sha256:'.length) : null;
}
