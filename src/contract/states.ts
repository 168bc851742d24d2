/**
 * The states of jobs and tasks and the only moves between them; docs/job-states.md draws and explains them.
 * Every change of a stored state goes through `transition`.
 */
const TRANSITIONS = {
  job: {
    /** At once to a later phase: a job that was paused goes on where it was. */
    queued: ['preparing', 'running', 'finalizing', 'paused', 'failed', 'cancelled'],
    preparing: ['running', 'paused', 'failed', 'cancelled'],
    running: ['finalizing', 'paused', 'failed', 'cancelled'],
    finalizing: ['succeeded', 'paused', 'failed', 'cancelled'],
    paused: ['queued', 'failed', 'cancelled'],
    succeeded: [],
    failed: [],
    cancelled: [],
  },
  task: {
    /** Some input does not exist yet. */
    waiting: ['ready', 'cancelled'],
    /** Back to waiting: something it needs is made again, since it was found damaged. */
    ready: ['running', 'waiting', 'cancelled'],
    /** Back to ready: the attempt failed for a passing reason, was lost, or was handed back. */
    running: ['succeeded', 'ready', 'failed', 'cancelled'],
    /** What it made was found damaged: it makes it again. */
    succeeded: ['ready'],
    failed: [],
    cancelled: [],
  },
} as const satisfies Record<string, Record<string, readonly string[]>>;

export type Machine = keyof typeof TRANSITIONS;
export type State<M extends Machine> = keyof (typeof TRANSITIONS)[M] & string;
export type JobState = State<'job'>;
export type TaskState = State<'task'>;

export const JOB_STATES = Object.keys(TRANSITIONS.job) as JobState[];
export const TASK_STATES = Object.keys(TRANSITIONS.task) as TaskState[];

/** A state was asked for that the present one does not lead to. */
export class IllegalTransitionError extends Error {
  constructor(
    readonly machine: Machine,
    readonly from: string,
    readonly to: string,
  ) {
    super(`a ${machine} cannot go from ${from} to ${to}`);
    this.name = 'IllegalTransitionError';
  }
}

export function canTransition<M extends Machine>(machine: M, from: State<M>, to: State<M>): boolean {
  return followers(machine, from).includes(to);
}

/** @returns `to`. @throws IllegalTransitionError when `from` does not lead there */
export function transition<M extends Machine>(machine: M, from: State<M>, to: State<M>): State<M> {
  if (!canTransition(machine, from, to)) throw new IllegalTransitionError(machine, from, to);
  return to;
}

/** Terminal states never change. A task's `succeeded` is none: it may have to make its outputs again. */
export function isTerminal<M extends Machine>(machine: M, state: State<M>): boolean {
  return followers(machine, state).length === 0;
}

function followers<M extends Machine>(machine: M, state: State<M>): readonly string[] {
  const table: Record<string, Record<string, readonly string[]>> = TRANSITIONS;
  return table[machine]?.[state] ?? [];
}
