import { retryClassOf } from '../../contract/errors.js';
import { messageOf } from '../../contract/message-of.js';
import type { JobState } from '../../contract/states.js';
import {
  type BlobUri,
  CHECKPOINT_INPUT,
  INITIAL_INPUT,
  type TaskAssignment,
  type TaskKind,
} from '../../contract/trainer-protocol.js';
import { LEASE_MS } from '../process/limits.js';
import { type ClaimInputs, claimBarely, claimTask } from '../store/claims.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { isUnavailable } from '../store/connection/unavailable.js';
import { factsOf } from '../store/dataset-facts.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, lockJobOf, setJobState, startClock } from '../store/jobs.js';
import { type ClaimedProfile, claimProfile } from '../store/profiles.js';
import { lockNextTask, nextInSlot } from '../store/queue-order.js';
import type { ClaimedTask, Claimer } from '../store/tasks.js';
import { recordFailure } from './fail.js';
import { describe, taskData } from './task-events.js';

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
 */
export function claim(
  db: Database,
  taskId: string,
  claimer: Claimer,
  whenLocked: 'wait' | 'skip' = 'wait',
): Promise<Claim | null> {
  return db.$transaction((tx) => claimIn(tx, taskId, claimer, whenLocked));
}

async function claimIn(
  tx: Transaction,
  taskId: string,
  claimer: Claimer,
  whenLocked: 'wait' | 'skip',
): Promise<Claim | null> {
  const job = await lockJobOf(tx, taskId, whenLocked);
  const claimed = job && (await claimTask(tx, taskId, claimer, LEASE_MS));
  if (job === null || claimed === null) return null;
  const { spec, dataset, traceparent, initial, checkpoint, outputs, ...task } = claimed;
  await advanceJob(tx, job, task.kind);
  const step = checkpoint?.step ?? null;
  await appendEvents(tx, job.id, {
    type: 'task.started',
    message: `${describe(task)} ${step === null ? 'started' : `resumed at step ${step}`}`,
    data: taskData(task, { worker_id: claimer.workerId, device: claimer.device, checkpoint_step: step }),
  });
  const claimInputs = { spec, dataset, traceparent, initial, checkpoint, outputs };
  return { kind: 'task', task, assignment: assignmentOf(task, claimInputs), traceparent };
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
    const next = await nextInSlot(db, claimer);
    if (next === null) return null;
    if (next.kind === 'profile') {
      const profile = await claimProfile(db, next.id, claimer.device, LEASE_MS);
      if (profile !== null) return { kind: 'profile', profile };
    } else {
      const whenLocked = race === 0 ? 'skip' : 'wait';
      const claimed =
        (await claimOffered(db, next.id, claimer, whenLocked)) ?? (await claimFree(db, claimer));
      if (claimed !== null) return claimed;
    }
  }
  return null;
}

/** Claims the next task that nobody has locked. */
async function claimFree(db: Database, claimer: Claimer): Promise<Claim | null> {
  return orFail(db, claimer, (found) =>
    db.$transaction(async (tx) => {
      const taskId = await lockNextTask(tx, claimer);
      if (taskId === null) return null;
      found(taskId);
      return claimIn(tx, taskId, claimer, 'wait');
    }),
  );
}

/** Claims this task, if it is claimable for this device. */
export async function claimOffered(
  db: Database,
  taskId: string,
  claimer: Claimer,
  whenLocked: 'wait' | 'skip' = 'wait',
): Promise<Claim | null> {
  return orFail(db, claimer, (found) => {
    found(taskId);
    return claim(db, taskId, claimer, whenLocked);
  });
}

/**
 * Claims a task. One that cannot be claimed, since its row or its job's is damaged, would be next for ever, and every
 * tenant would wait behind it: the attempt ends as `internal` instead.
 */
async function orFail(
  db: Database,
  claimer: Claimer,
  claimOne: (found: (taskId: string) => void) => Promise<Claim | null>,
): Promise<Claim | null> {
  let taskId: string | null = null;
  try {
    return await claimOne((id) => {
      taskId = id;
    });
  } catch (cause) {
    if (isUnavailable(cause) || taskId === null) throw cause;
    const task = await claimBarely(db, taskId, claimer, LEASE_MS);
    if (task === null) return null;
    const message = `the task cannot be claimed: ${messageOf(cause)}`;
    const error = { code: 'internal', message, stage: task.stage, step: null, tensor: null };
    await recordFailure(db, task, error, retryClassOf(error.code));
    return null;
  }
}

const PHASES: Record<TaskKind, JobState> = {
  prepare: 'preparing',
  stage: 'running',
  evaluate: 'running',
  end_to_end: 'running',
  finalize: 'finalizing',
};
const ORDER: readonly JobState[] = ['queued', 'preparing', 'running', 'finalizing'];
const MESSAGES: Partial<Record<JobState, string>> = {
  preparing: 'the dataset is being prepared',
  running: 'training started',
  finalizing: 'training finished; the model is being evaluated and exported',
};

/**
 * The phase of a job follows its furthest task. A repeated task does not move it back, and a resumed job continues
 * in its phase.
 */
async function advanceJob(tx: Transaction, job: LockedJob, kind: TaskKind): Promise<void> {
  const to = PHASES[kind];
  if (ORDER.indexOf(to) <= ORDER.indexOf(job.state)) return;
  await setJobState(tx, job, to);
  if (job.state === 'queued') await startClock(tx, job.id);
  await appendEvents(tx, job.id, { type: `job.${to}`, message: MESSAGES[to] ?? to });
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
      ...(task.kind === 'prepare' ? {} : initialInputs(initial)),
      ...(checkpoint && { [CHECKPOINT_INPUT]: checkpoint.uri }),
    },
  };
}

/** Inputs of every task that may need the initial weights of an untrained part. */
function initialInputs(initial: readonly BlobUri[] | null): Record<string, BlobUri> {
  return Object.fromEntries((initial ?? []).map((uri, index) => [`${INITIAL_INPUT}${index}`, uri]));
}

function inputsOf({ key, inputs }: ClaimedTask, { outputs }: ClaimInputs): Record<string, BlobUri> {
  const found = Object.entries(inputs).map(([name, source]): [string, BlobUri] => {
    const output = outputs[source.task]?.[source.output];
    if (!output)
      throw new Error(`${key} needs ${source.output} of ${source.task}, but that task has no such output`);
    return [name, output.uri];
  });
  return Object.fromEntries(found);
}
