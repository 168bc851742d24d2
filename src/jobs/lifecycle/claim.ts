import { retryClassOf } from '../../contract/errors.js';
import { isObject } from '../../contract/is-object.js';
import { messageOf } from '../../contract/message-of.js';
import {
  type BlobUri,
  CHECKPOINT_INPUT,
  INITIAL_INPUT,
  type TaskAssignment,
} from '../../contract/trainer-protocol.js';
import { LEASE_MS } from '../process/limits.js';
import { type ClaimInputs, claimBarely, claimFreeTask, claimTask } from '../store/claims.js';
import type { Database } from '../store/connection/database.js';
import { isUnavailable } from '../store/connection/unavailable.js';
import { factsOf } from '../store/dataset-facts.js';
import { type ClaimedProfile, claimProfile } from '../store/profiles.js';
import { type NextInSlot, nextInSlot } from '../store/queue-order.js';
import type { ClaimedTask, Claimer, RunningTask } from '../store/tasks.js';
import { recordFailure } from './fail.js';

export interface Claim {
  readonly kind: 'task';
  readonly task: ClaimedTask;
  readonly assignment: TaskAssignment;
  /** Trace context of the job. */
  readonly traceparent: string | null;
}

/**
 * Claims a ready task with a new fencing token and advances its job. Returns null if there is nothing to claim, or
 * nothing for this device.
 * @throws what a damaged row of it or of its job causes
 */
export async function claim(db: Database, taskId: string, claimer: Claimer): Promise<Claim | null> {
  return claimOf(db, await claimTask(db, taskId, claimer, LEASE_MS));
}

/** The work that a slot has claimed. */
export type SlotClaim = Claim | { readonly kind: 'profile'; readonly profile: ClaimedProfile };

/** Maximum number of lost races in a row. Other workers then do the work. */
const MAX_RACES = 5;

/**
 * Takes the task or the profile whose turn it is; null where there is nothing for this device. A slot that finds the next
 * task locked takes the next one that is not. If all are locked, it waits: the transaction that holds the lock, such as
 * the end of another task of the job, takes milliseconds.
 */
export async function claimNext(db: Database, claimer: Claimer): Promise<SlotClaim | null> {
  for (let race = 0; race < MAX_RACES; race++) {
    const free = await claimFree(db, claimer);
    if (free !== null) return free;
    const next = await nextInSlot(db, claimer);
    if (next === null) return null;
    const claimed = await claimWork(db, next, claimer);
    if (claimed !== null) return claimed;
  }
  return null;
}

/** Claims the next task that nobody has locked. Of a damaged one the way by its id makes a failure. */
async function claimFree(db: Database, claimer: Claimer): Promise<Claim | null> {
  try {
    return await claimOf(db, await claimFreeTask(db, claimer, LEASE_MS));
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return null;
  }
}

async function claimWork(
  db: Database,
  { kind, id }: NextInSlot,
  claimer: Claimer,
): Promise<SlotClaim | null> {
  if (kind === 'task') return claimOffered(db, id, claimer);
  const profile = await claimProfile(db, id, claimer.device, LEASE_MS);
  return profile && { kind, profile };
}

/**
 * Claims this task, if it is claimable for this device. One that cannot be claimed, since its row or its job's is damaged,
 * would be next for ever, and every tenant would wait behind it: the attempt ends as `internal` instead.
 */
export async function claimOffered(db: Database, taskId: string, claimer: Claimer): Promise<Claim | null> {
  try {
    return await claim(db, taskId, claimer);
  } catch (cause) {
    if (isUnavailable(cause)) throw cause;
    const task = await claimBarely(db, taskId, claimer, LEASE_MS);
    if (task !== null) await failUnreadable(db, task, cause);
    return null;
  }
}

/** The claim of a claimed row. A row whose inputs cannot be found fails, and is no claim. */
export async function claimOf(db: Database, row: (ClaimedTask & ClaimInputs) | null): Promise<Claim | null> {
  if (row === null) return null;
  const { spec, dataset, traceparent, initial, checkpoint, outputs, ...task } = row;
  try {
    const assignment = assignmentOf(task, { spec, dataset, traceparent, initial, checkpoint, outputs });
    return { kind: 'task', task, assignment, traceparent };
  } catch (cause) {
    await failUnreadable(db, task, cause);
    return null;
  }
}

async function failUnreadable(db: Database, task: RunningTask, cause: unknown): Promise<void> {
  const message = `the task cannot be claimed: ${messageOf(cause)}`;
  const error = { code: 'internal', message, stage: task.stage, step: null, tensor: null };
  await recordFailure(db, task, error, retryClassOf(error.code));
}

function assignmentOf(task: ClaimedTask, claimInputs: ClaimInputs): TaskAssignment {
  const { spec, dataset, initial, checkpoint } = claimInputs;
  return {
    task_id: task.id,
    job_id: task.jobId,
    attempt: task.attempt,
    kind: task.kind,
    stage: task.stage,
    round: task.round,
    replica: task.replica,
    spec,
    dataset: factsOf(dataset),
    inputs: {
      ...inputsOf(task, claimInputs),
      ...(task.kind === 'prepare' && !spec.freeze ? {} : initialInputs(initial)),
      ...(checkpoint && { [CHECKPOINT_INPUT]: checkpoint.uri }),
    },
  };
}

/** Inputs of every task that may need the initial weights of an untrained or frozen part. */
function initialInputs(initial: readonly BlobUri[] | null): Record<string, BlobUri> {
  return Object.fromEntries((initial ?? []).map((uri, index) => [`${INITIAL_INPUT}${index}`, uri]));
}

function inputsOf({ key, inputs }: ClaimedTask, { outputs }: ClaimInputs): Record<string, BlobUri> {
  if (!isObject(inputs)) throw new Error(`the stored inputs of ${key} are no object`);
  const found = Object.entries(inputs).map(([name, source]): [string, BlobUri] => {
    const output = outputs[source.task]?.[source.output];
    if (!output)
      throw new Error(`${key} needs ${source.output} of ${source.task}, but that task has no such output`);
    return [name, output.uri];
  });
  return Object.fromEntries(found);
}
