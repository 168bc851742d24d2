/**
 * The states of jobs and tasks, and all allowed transitions. docs/job-states.md explains them. Every change of a
 * stored state goes through `transition`.
 */
const TRANSITIONS = {
  job: {
    /** A resumed job continues in its phase, so it may skip the earlier ones. */
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
    /** An input does not exist yet. */
    waiting: ['ready', 'cancelled'],
    /** Back to waiting: an input was damaged and is being made again. */
    ready: ['running', 'waiting', 'cancelled'],
    /**
     * Back to ready: the attempt failed with an error that a retry may fix, was lost, or was returned by its
     * worker.
     */
    running: ['succeeded', 'ready', 'failed', 'cancelled'],
    /** Its output was damaged, so it runs again. */
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

/** The requested state cannot follow the current one. */
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

/** @returns `to`. @throws IllegalTransitionError if `from` cannot be followed by `to` */
export function transition<M extends Machine>(machine: M, from: State<M>, to: State<M>): State<M> {
  if (!canTransition(machine, from, to)) throw new IllegalTransitionError(machine, from, to);
  return to;
}

/**
 * Terminal states never change. `succeeded` of a task is not terminal: the task may have to make its outputs again.
 */
export function isTerminal<M extends Machine>(machine: M, state: State<M>): boolean {
  return followers(machine, state).length === 0;
}

function followers<M extends Machine>(machine: M, state: State<M>): readonly string[] {
  const table: Record<string, Record<string, readonly string[]>> = TRANSITIONS;
  return table[machine]?.[state] ?? [];
}
