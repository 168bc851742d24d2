import type { TaskKind } from '../../contract/trainer-protocol.js';

/** Progress of the tasks of one kind. Weights are in optimizer steps of the whole network. */
export interface KindProgress {
  readonly kind: TaskKind;
  readonly total: number;
  /** Finished weight. Running tasks count with their progress. */
  readonly done: number;
  /** Number of running tasks. */
  readonly running: number;
  /** Weight, and seconds from start to end, of tasks that a single attempt finished. */
  readonly timedWeight: number;
  readonly timedSeconds: number;
}

/**
 * Estimates the seconds until a job ends: the remaining work of each kind of task, at the rate of its finished
 * tasks. Stage tasks are divided among the slots that they use now, and replicas among their number. The other
 * kinds run one after another. A kind without finished tasks uses the rate of all tasks that train or evaluate.
 * @param replicas of a round of the joined network
 * @returns null until such a task is finished
 */
export function secondsLeft(kinds: readonly KindProgress[], replicas: number): number | null {
  // A prepare task has a weight, but no steps, so its rate says nothing about other kinds.
  const general = rateOf(kinds.filter(({ kind }) => kind !== 'prepare'));
  if (general === null) return null;
  const used = (...names: TaskKind[]) =>
    Math.max(1, ...kinds.filter(({ kind }) => names.includes(kind)).map(({ running }) => running));
  const slotsOf = (kind: TaskKind): number => {
    if (kind === 'stage') return used('stage');
    return kind === 'end_to_end' ? Math.min(replicas, used('stage', 'end_to_end')) : 1;
  };
  return kinds.reduce(
    (sum, of) => sum + (Math.max(0, of.total - of.done) * (rateOf([of]) ?? general)) / slotsOf(of.kind),
    0,
  );
}

/** Seconds per step; null if no task is finished. */
function rateOf(kinds: readonly KindProgress[]): number | null {
  const weight = kinds.reduce((sum, { timedWeight }) => sum + timedWeight, 0);
  return weight > 0 ? kinds.reduce((sum, { timedSeconds }) => sum + timedSeconds, 0) / weight : null;
}
