import type { JobState } from '../../contract/states.js';
import {
  type BlobUri,
  CHECKPOINT_INPUT,
  INITIAL_INPUT,
  type TaskAssignment,
  type TaskKind,
} from '../../contract/trainer-protocol.js';
import { LEASE_MS } from '../process/limits.js';
import { claimTask, type Groundwork } from '../store/claims.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { factsOf } from '../store/datasets.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, lockJobOf, setJobState, startClock } from '../store/jobs.js';
import { nextTask } from '../store/queue-order.js';
import type { ClaimedTask, Holder } from '../store/tasks.js';
import { describe, taskData } from './task-events.js';

export interface Claim {
  readonly task: ClaimedTask;
  readonly assignment: TaskAssignment;
  /** Under which the job is traced. */
  readonly traceparent: string | null;
}

/**
 * Takes a ready task under a new fence, moving its job on; null where there is nothing to take, or not for this
 * device.
 */
export async function claim(db: Database, taskId: string, holder: Holder): Promise<Claim | null> {
  return db.$transaction(async (tx) => {
    const job = await lockJobOf(tx, taskId);
    const claimed = job && (await claimTask(tx, taskId, holder, LEASE_MS));
    if (job === null || claimed === null) return null;
    const { spec, dataset, traceparent, initial, checkpoint, outputs, ...task } = claimed;
    await advanceJob(tx, job, task.kind);
    const step = checkpoint?.step ?? null;
    await appendEvents(tx, job.id, {
      type: 'task.started',
      message: `${describe(task)} ${step === null ? 'started' : `goes on at step ${step}`}`,
      data: taskData(task, { worker_id: holder.workerId, device: holder.device, checkpoint_step: step }),
    });
    const groundwork = { spec, dataset, traceparent, initial, checkpoint, outputs };
    return { task, assignment: assignmentOf(task, groundwork), traceparent };
  });
}

/** Lost races in a row: somebody is always quicker, so others do the work. */
const MOST_RACES = 20;

/** Takes the task whose turn it is; null where none can be claimed. */
export async function claimNext(db: Database, holder: Holder): Promise<Claim | null> {
  for (let race = 0; race < MOST_RACES; race++) {
    const taskId = await nextTask(db, holder);
    if (taskId === null) return null;
    const claimed = await claim(db, taskId, holder);
    if (claimed !== null) return claimed;
  }
  return null;
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
  running: 'training has begun',
  finalizing: 'training has ended; the model is evaluated and exported',
};

/** The job is where its furthest task is; a repeated task does not take it back, a resumed job goes on there. */
async function advanceJob(tx: Transaction, job: LockedJob, kind: TaskKind): Promise<void> {
  const to = PHASES[kind];
  if (ORDER.indexOf(to) <= ORDER.indexOf(job.state)) return;
  await setJobState(tx, job, to);
  if (job.state === 'queued') await startClock(tx, job.id);
  await appendEvents(tx, job.id, { type: `job.${to}`, message: MESSAGES[to] ?? to });
}

function assignmentOf(task: ClaimedTask, groundwork: Groundwork): TaskAssignment {
  const { spec, dataset, initial, checkpoint } = groundwork;
  return {
    task_id: task.taskId,
    job_id: task.jobId,
    attempt: task.attempt,
    kind: task.kind,
    stage: task.stage,
    round: task.round,
    replica: task.replica,
    spec,
    dataset: factsOf(dataset),
    inputs: {
      ...inputsOf(task, groundwork),
      ...(task.kind === 'prepare' ? {} : initialInputs(initial)),
      ...(checkpoint && { [CHECKPOINT_INPUT]: checkpoint.uri }),
    },
  };
}

/** Of every task that may need the weights of an untrained part. */
function initialInputs(initial: readonly BlobUri[] | null): Record<string, BlobUri> {
  return Object.fromEntries((initial ?? []).map((uri, index) => [`${INITIAL_INPUT}${index}`, uri]));
}

function inputsOf({ key, inputs }: ClaimedTask, { outputs }: Groundwork): Record<string, BlobUri> {
  const found = Object.entries(inputs).map(([name, source]): [string, BlobUri] => {
    const output = outputs[source.task]?.[source.output];
    if (!output) throw new Error(`${key} needs ${source.output} of ${source.task}, which has none`);
    return [name, output.uri];
  });
  return Object.fromEntries(found);
}
