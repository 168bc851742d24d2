import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../method/rounds.js';
import { type Candidate, candidatesOf, type PlannedTask, planTasks } from '../tasks/task-graph.js';
import { isGain, isNumber } from '../validation-metric.js';

type Selection = JobSpec['selection'];

export interface Evaluated extends Candidate {
  /** The metric of the selection. Null and NaN: the network gave no number. */
  readonly value: number | null;
}
export interface Best extends Candidate {
  readonly value: number;
}

/** The best of the evaluations of one phase, in the order of their rounds; among equal ones the first. Null: no number. */
export function selectBest(
  selection: Pick<Selection, 'metric'>,
  evaluated: readonly Evaluated[],
): Best | null {
  return rankEvaluated(selection, evaluated)[0] ?? null;
}

/** The evaluations of one phase, in the order of their rounds, the best first; those without a number are left out. */
export function rankEvaluated(
  { metric }: Pick<Selection, 'metric'>,
  evaluated: readonly Evaluated[],
): Best[] {
  const sign = isGain(metric) ? -1 : 1;
  const numbers = evaluated.flatMap(({ value, ...one }) => (isNumber(value) ? [{ ...one, value }] : []));
  return numbers.toSorted((a, b) => sign * (a.value - b.value));
}

/**
 * The evaluations that a job selects from.
 * @param lastRound last round of the layer-parallel phase, if that ended early
 */
export function candidatesAfter(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  lastRound: number | null,
): Candidate[] {
  const all = roundsOf(spec, dataset);
  const rounds = lastRound === null ? all : { ...all, parallelRounds: lastRound + 1 };
  const planned = new Set(candidatesOf(spec, all).map(({ key }) => key));
  return candidatesOf(spec, rounds).filter(({ key }) => planned.has(key));
}

/** `finalize` as it exports the network of a round of the last phase. */
export function finalizeOf(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  lastRound: number | null,
  selected: number,
): PlannedTask {
  const keys = new Set(planTasks(spec, dataset).map(({ key }) => key));
  const finalize = planTasks(spec, dataset, { lastRound, selected }).at(-1);
  if (finalize?.kind !== 'finalize') throw new Error('the last task of a plan is finalize');
  return { ...finalize, after: finalize.after.filter((key) => keys.has(key)) };
}
