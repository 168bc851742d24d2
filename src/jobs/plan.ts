import type { DatasetFacts, ResolvedSpec } from '../contract/spec.js';
import type { TaskKind } from '../contract/trainer-protocol.js';
import {
  hasAuxiliary,
  isTrained,
  messagesTo,
  type StagedMethod,
  stageOrder,
  stageOutputs,
} from '../network/methods.js';
import { endToEndRange, parallelRange, type Rounds, roundsOf, type StepRange } from '../network/rounds.js';

/** An output of another task of the same job. */
export interface InputReference {
  readonly task: string;
  readonly output: string;
}

export interface PlannedTask {
  readonly key: string;
  readonly kind: TaskKind;
  readonly stage: number | null;
  readonly round: number | null;
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** Tasks to wait for without reading anything of theirs. */
  readonly after: readonly string[];
  /** Names of the outputs it must produce. */
  readonly outputs: readonly string[];
  /** Its share of the job's work, in optimiser steps of the whole network. */
  readonly weight: number;
}

type Inputs = Record<string, InputReference>;

// Forward passes cost a third of a training step; finalizing is about four evaluations (docs/method.md).
const EVALUATION_STEP = 1 / 3;
const FINALIZE_EVALUATIONS = 4;

const stageKey = (stage: number, round: number): string => `stage-${stage}-${round}`;
const evaluateKey = (round: number): string => `evaluate-${round}`;
const endToEndKey = (round: number): string => `end_to_end-${round}`;
const from = (task: string, output: string): InputReference => ({ task, output });
const DATASET = from('prepare', 'dataset');

/**
 * Cuts a job into its tasks, each listed after everything it waits for: `prepare`, the wavefront of stage tasks
 * (docs/method.md, "The schedule"), the end-to-end rounds, `finalize`. Pure: the same spec gives the same graph.
 */
export function planTasks(spec: ResolvedSpec, dataset: DatasetFacts): PlannedTask[] {
  const rounds = roundsOf(spec, dataset);
  const evaluation = (dataset.test_count / spec.batch_size) * EVALUATION_STEP;
  return [
    { ...task('prepare', 'prepare', 1), outputs: ['dataset'] },
    ...parallelPhase(spec, rounds, evaluation),
    ...endToEndPhase(spec, rounds),
    finalizeTask(spec, rounds, evaluation),
  ];
}

function parallelPhase(spec: ResolvedSpec, rounds: Rounds, evaluation: number): PlannedTask[] {
  const stages = spec.method.stages;
  const tasks: PlannedTask[] = [];
  for (let round = 0; round < rounds.parallelRounds; round++) {
    for (const stage of stageOrder(spec.method)) {
      tasks.push(stageTask(spec, stage, round, lengthOf(parallelRange(rounds, round)) / stages));
    }
    if (evaluatesAfter(spec, rounds, round)) tasks.push(evaluateTask(spec, round, evaluation));
  }
  return tasks;
}

function stageTask(spec: ResolvedSpec, stage: number, round: number, weight: number): PlannedTask {
  const inputs: Inputs = { dataset: DATASET };
  if (round > 0) inputs.state = from(stageKey(stage, round - 1), 'state');
  for (const { input, output, sender, lag } of messagesTo(spec.method, stage)) {
    if (round >= lag) inputs[input] = from(stageKey(sender, round - lag), output);
  }
  const outputs = stageOutputs(spec.method, stage);
  return { ...task(stageKey(stage, round), 'stage', weight, stage, round), inputs, outputs };
}

/** Before the stages are joined, so that the end-to-end phase's gain shows, and where the job asks for it. */
function evaluatesAfter(spec: ResolvedSpec, rounds: Rounds, round: number): boolean {
  const isHandOver = round === rounds.parallelRounds - 1 && rounds.endToEndRounds > 0;
  if (isHandOver && spec.method.stages > 1) return true;
  return spec.evaluate_every !== null && (round + 1) % spec.evaluate_every === 0;
}

function evaluateTask({ method }: ResolvedSpec, round: number, weight: number): PlannedTask {
  const inputs = { dataset: DATASET, ...statesOf(method, round), ...auxiliariesOf(method, round) };
  return { ...task(evaluateKey(round), 'evaluate', weight, null, round), inputs };
}

function endToEndPhase(spec: ResolvedSpec, rounds: Rounds): PlannedTask[] {
  return Array.from({ length: rounds.endToEndRounds }, (_, round) => {
    const inputs: Inputs = {
      dataset: DATASET,
      ...(round > 0
        ? { state: from(endToEndKey(round - 1), 'state') }
        : statesOf(spec.method, rounds.parallelRounds - 1)),
    };
    const weight = lengthOf(endToEndRange(rounds, round));
    return { ...task(endToEndKey(round), 'end_to_end', weight, null, round), inputs, outputs: ['state'] };
  });
}

function finalizeTask(spec: ResolvedSpec, rounds: Rounds, evaluation: number): PlannedTask {
  const { parallelRounds, endToEndRounds } = rounds;
  const inputs: Inputs = {
    dataset: DATASET,
    ...(endToEndRounds > 0
      ? { state: from(endToEndKey(endToEndRounds - 1), 'state') }
      : statesOf(spec.method, parallelRounds - 1)),
    ...auxiliariesOf(spec.method, parallelRounds - 1),
  };
  const after = Array.from({ length: parallelRounds }, (_, round) => round)
    .filter((round) => evaluatesAfter(spec, rounds, round))
    .map(evaluateKey);
  return { ...task('finalize', 'finalize', evaluation * FINALIZE_EVALUATIONS), inputs, after };
}

/** States of every trained stage after `round`; none where no round was run (-1). */
function statesOf(method: StagedMethod, round: number): Inputs {
  return outputsOf(method, round, 'state', isTrained);
}

function auxiliariesOf(method: StagedMethod, round: number): Inputs {
  return outputsOf(method, round, 'auxiliary', hasAuxiliary);
}

/** Output `output` of each stage that `has` it, as `<output>-<stage>`. */
function outputsOf(method: StagedMethod, round: number, output: string, has: typeof isTrained): Inputs {
  if (round < 0) return {};
  const stages = Array.from({ length: method.stages }, (_, k) => k).filter((k) => has(method, k));
  return Object.fromEntries(stages.map((k) => [`${output}-${k}`, from(stageKey(k, round), output)]));
}

function task(
  key: string,
  kind: TaskKind,
  weight: number,
  stage: number | null = null,
  round: number | null = null,
): PlannedTask {
  return { key, kind, stage, round, inputs: {}, after: [], outputs: [], weight };
}

const lengthOf = ({ start, end }: StepRange): number => end - start;

/** Every task that `task` waits for, each once. */
export function needsOf(planned: PlannedTask): string[] {
  return [...new Set([...Object.values(planned.inputs).map((input) => input.task), ...planned.after])];
}
