import type { DatasetFacts, ResolvedSpec } from '../contract/spec.js';
import { levelStarts } from './levels.js';
import { hasAuxiliary, stageReplicasOf } from './methods.js';
import { trainSamples } from './samples.js';

/** The settings of a job on which its rounds depend. */
export type RoundedSpec = Pick<
  ResolvedSpec,
  'max_train_samples' | 'validation_share' | 'batch_size' | 'epochs' | 'method' | 'init_from' | 'freeze'
>;

type TrainCount = Pick<DatasetFacts, 'train_count'>;

/** The division of the optimizer steps of a run into rounds. A round is the unit of a stage task. */
export interface Rounds {
  readonly stepsPerEpoch: number;
  /** Steps of the whole run. One learning-rate schedule covers them. */
  readonly totalSteps: number;
  /** Steps of the joined network before the layer-parallel phase. */
  readonly warmStartSteps: number;
  /** Steps of the layer-parallel phase. The remaining steps belong to the end-to-end phase. */
  readonly parallelSteps: number;
  readonly roundSteps: number;
  /** The first step in which frozen blocks train, too. Null where they never do. */
  readonly unfreezeStep: number | null;
  /** The first step of each level but the first. Empty where the job trains the network of `model` from the start. */
  readonly levelSteps: readonly number[];
  /** Steps from which on the job trains other layers than before, in order: a round begins with each (`describeRunAt`). */
  readonly changes: readonly number[];
  /**
   * Rounds of the joined network before the layer-parallel phase. One without steps where a job with AuxNets starts from given
   * weights: it fits the AuxNets to that network, and passes both to the stages.
   */
  readonly warmStartRounds: number;
  readonly parallelRounds: number;
  readonly endToEndRounds: number;
  /** Number of devices that share the steps of a round of the end-to-end phase. */
  readonly endToEndReplicas: number;
  /** Number of devices that share the steps of a stage in a round of the layer-parallel phase. */
  readonly stageReplicas: number;
}

/** Steps of the run in [start, end): all of them, or every `stride`-th. */
export interface StepRange {
  readonly start: number;
  readonly end: number;
  readonly stride?: number;
}

export function countSteps({ start, end, stride = 1 }: StepRange): number {
  return Math.max(0, Math.ceil((end - start) / stride));
}

/** Number of `steps` before `step`. */
export function countBefore(steps: StepRange, step: number): number {
  return countSteps({ ...steps, end: Math.min(step, steps.end) });
}

const MAX_DEFAULT_ROUND = 200;
const MIN_DEFAULT_ROUNDS = 4;

/** @param dataset its number of training images */
export function roundsOf(spec: RoundedSpec, dataset: TrainCount): Rounds {
  const { totalSteps, stepsPerEpoch } = stepsOf(spec, dataset);
  const {
    round_steps: roundSteps,
    end_to_end_share: endToEndShare,
    end_to_end_replicas: replicas,
  } = spec.method;
  const warmStartSteps = spec.method.warm_start_epochs * stepsPerEpoch;
  const endToEndSteps = endToEndStepsOf(totalSteps, endToEndShare);
  const parallelSteps = totalSteps - warmStartSteps - endToEndSteps;
  // Jobs of earlier versions have no such field.
  const untilEpoch = spec.freeze?.until_epoch ?? null;
  const unfreezeStep = untilEpoch === null ? null : untilEpoch * stepsPerEpoch;
  const levels = levelStarts(spec.method, warmStartSteps, parallelSteps);
  const cuts = { roundSteps, changes: unfreezeStep === null ? levels : [unfreezeStep] };
  const joinedStart = warmStartSteps + parallelSteps;
  return {
    stepsPerEpoch,
    totalSteps,
    warmStartSteps,
    parallelSteps,
    ...cuts,
    unfreezeStep,
    levelSteps: levels,
    warmStartRounds: Math.max(countRounds(cuts, 0, warmStartSteps), fitsAuxiliaries(spec) ? 1 : 0),
    parallelRounds: countRounds(cuts, warmStartSteps, joinedStart),
    endToEndRounds: countRounds(cuts, joinedStart, totalSteps),
    endToEndReplicas: replicas,
    stageReplicas: stageReplicasOf(spec.method),
  };
}

/** Whether AuxNets must first be fitted to the network that the job starts from. */
function fitsAuxiliaries({ init_from: from, method }: Pick<ResolvedSpec, 'init_from' | 'method'>): boolean {
  return (
    from !== null &&
    Array.from({ length: method.stages }, (_, stage) => stage).some((stage) => hasAuxiliary(method, stage))
  );
}

/** Round length where none is asked for: long enough to cost little, short enough that the stages overlap. */
export function defaultRoundSteps(totalSteps: number, parallelSteps: number): number {
  return Math.max(
    1,
    Math.min(MAX_DEFAULT_ROUND, Math.ceil((parallelSteps || totalSteps) / MIN_DEFAULT_ROUNDS)),
  );
}

export function endToEndStepsOf(totalSteps: number, endToEndShare: number): number {
  return Math.round(endToEndShare * totalSteps);
}

export function stepsOf(
  spec: Pick<ResolvedSpec, 'max_train_samples' | 'validation_share' | 'batch_size' | 'epochs'>,
  dataset: TrainCount,
): { stepsPerEpoch: number; totalSteps: number } {
  const stepsPerEpoch = Math.floor(trainSamples(spec, dataset) / spec.batch_size);
  return { stepsPerEpoch, totalSteps: stepsPerEpoch * spec.epochs };
}

/** Steps of round `round` of the layer-parallel phase. */
export function parallelRange(rounds: Rounds, round: number): StepRange {
  const { warmStartSteps, parallelSteps } = rounds;
  return cut(rounds, warmStartSteps, warmStartSteps + parallelSteps, round);
}

/**
 * Steps of a round of the joined network: first the rounds of the warm start, then those of the end-to-end phase.
 */
export function endToEndRange(rounds: Rounds, round: number): StepRange {
  const { warmStartSteps, parallelSteps, totalSteps, warmStartRounds } = rounds;
  return round < warmStartRounds
    ? cut(rounds, 0, warmStartSteps, round)
    : cut(rounds, warmStartSteps + parallelSteps, totalSteps, round - warmStartRounds);
}

/** Whether the blocks that a job freezes at first train in a round. */
export function isUnfrozenIn({ unfreezeStep }: Pick<Rounds, 'unfreezeStep'>, { start }: StepRange): boolean {
  return unfreezeStep !== null && start >= unfreezeStep;
}

/** Whether a round of the layer-parallel phase trains the network of `model`, and not a shallower one (levels.ts). */
export function trainsWholeNetwork(rounds: Rounds, round: number): boolean {
  return parallelRange(rounds, round).start >= (rounds.levelSteps.at(-1) ?? 0);
}

/** Replicas of each stage in a round of the layer-parallel phase: never more than its steps. */
export function stageReplicasIn(rounds: Rounds, round: number): number {
  return Math.min(rounds.stageReplicas, countSteps(parallelRange(rounds, round)));
}

/** Steps of a stage task in that round: all of them, or every n-th for a replica of n, so that each is done exactly once. */
export function stageRange(rounds: Rounds, round: number, replica: number | null): StepRange {
  const range = parallelRange(rounds, round);
  return replica === null ? range : shared(range, stageReplicasIn(rounds, round), replica);
}

/** Number of replicas in that round: 1 in a warm start, and never more than its steps. */
export function replicasIn(rounds: Rounds, round: number): number {
  if (round < rounds.warmStartRounds) return 1;
  return Math.min(rounds.endToEndReplicas, countSteps(endToEndRange(rounds, round)));
}

/** Steps of that round for `replica` of n: every n-th, so that each step is done exactly once. */
export function replicaRange(rounds: Rounds, round: number, replica: number): StepRange {
  return shared(endToEndRange(rounds, round), replicasIn(rounds, round), replica);
}

function shared({ start, end }: StepRange, replicas: number, replica: number): StepRange {
  return { start: start + replica, end, stride: replicas };
}

/** The steps of the round of a training task, those of all replicas. */
export function stepsOfRound(
  rounds: Rounds,
  { kind, round }: { readonly kind: string; readonly round: number | null },
): StepRange {
  return (kind === 'stage' ? parallelRange : endToEndRange)(rounds, round ?? 0);
}

/** Optimizer steps of a training task; null for other tasks. */
export function stepsOfTask(
  rounds: Rounds,
  {
    kind,
    round,
    replica,
  }: { readonly kind: string; readonly round: number | null; readonly replica: number | null },
): number | null {
  if (round === null) return null;
  if (kind === 'stage') return countSteps(stageRange(rounds, round, replica));
  return kind === 'end_to_end' ? countSteps(replicaRange(rounds, round, replica ?? 0)) : null;
}

type Cuts = Pick<Rounds, 'roundSteps' | 'changes'>;

/** Number of rounds of the steps [start, end) of a phase. */
export function countRounds(cuts: Cuts, start: number, end: number): number {
  return partsOf(cuts, start, end).reduce(
    (sum, part) => sum + Math.ceil((part.end - part.start) / cuts.roundSteps),
    0,
  );
}

/** Round `round` of a phase with the steps [start, end). Behind its last round: a round without steps. */
function cut(cuts: Cuts, start: number, end: number, round: number): StepRange {
  let left = round;
  const parts = partsOf(cuts, start, end);
  for (const [index, part] of parts.entries()) {
    const rounds = Math.ceil((part.end - part.start) / cuts.roundSteps);
    if (left < rounds || index === parts.length - 1) {
      const from = part.start + left * cuts.roundSteps;
      return { start: from, end: Math.min(from + cuts.roundSteps, part.end) };
    }
    left -= rounds;
  }
  return { start, end };
}

/** The steps of a phase between one change and the next. */
function partsOf({ changes }: Cuts, start: number, end: number): readonly StepRange[] {
  const starts = [start, ...changes.filter((step) => step > start && step < end)];
  return starts.map((from, index) => ({ start: from, end: starts[index + 1] ?? end }));
}
