import type { TaskKind } from '../../contract/trainer-protocol.js';

/** A job's tasks of one kind. Weights are in optimiser steps of the whole network. */
export interface KindProgress {
  readonly kind: TaskKind;
  readonly total: number;
  /** Running tasks counted by their own progress. */
  readonly done: number;
  /** How many of them run. */
  readonly running: number;
  /** Weight, and seconds from start to end, of those that a single attempt finished. */
  readonly timedWeight: number;
  readonly timedSeconds: number;
}

/**
 * Seconds until a job ends if it goes on as it does: what is left of each kind of task, at the rate of its finished ones.
 * Stages share what is left of theirs among the slots that they use now, and replicas theirs among as many; the other kinds follow
 * one another. A kind of which none is finished goes at the rate of all those that train or evaluate.
 * @param replicas of a round of the joined network
 * @returns null until one of those is finished
 */
export function secondsLeft(kinds: readonly KindProgress[], replicas: number): number | null {
  // Preparing has a weight, but no steps: its rate says nothing of the others'.
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

/** Seconds a step; null where nothing is finished. */
function rateOf(kinds: readonly KindProgress[]): number | null {
  const weight = kinds.reduce((sum, { timedWeight }) => sum + timedWeight, 0);
  return weight > 0 ? kinds.reduce((sum, { timedSeconds }) => sum + timedSeconds, 0) / weight : null;
}
