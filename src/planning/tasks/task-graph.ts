import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { REPLICA_INPUT, type TaskKind } from '../../contract/trainer-protocol.js';
import {
  handOverOutputs,
  hasAuxiliary,
  isTrained,
  messagesTo,
  type StagedMethod,
  stageOrder,
  stageOutputs,
  trainsJointly,
} from '../../method/methods.js';
import {
  countSteps,
  parallelRange,
  type Rounds,
  replicaRange,
  replicasIn,
  roundsOf,
} from '../../method/rounds.js';

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
  /** Which of the devices that share a round of the joined network; null where one trains it. */
  readonly replica: number | null;
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
const jointKey = (round: number): string => `stage-${round}`;
const evaluateKey = (round: number): string => `evaluate-${round}`;
const endToEndKey = (round: number, replica: number | null): string =>
  replica === null ? `end_to_end-${round}` : `end_to_end-${round}-${replica}`;
const from = (task: string, output: string): InputReference => ({ task, output });
const DATASET = from('prepare', 'dataset');

/**
 * Cuts a job into its tasks, each listed after everything it waits for: `prepare`, the wavefront of stage tasks
 * (docs/method.md, "The schedule"), before and after it rounds of the joined network, `finalize`. Pure: the same spec gives the same graph.
 */
export function planTasks(spec: ResolvedSpec, dataset: DatasetFacts): PlannedTask[] {
  const rounds = roundsOf(spec, dataset);
  const evaluation = (dataset.test_count / spec.batch_size) * EVALUATION_STEP;
  return [
    { ...task('prepare', 'prepare', 1), outputs: ['dataset'] },
    ...warmStart(spec, rounds),
    ...parallelPhase(spec, rounds, evaluation),
    ...endToEndPhase(spec, rounds),
    finalizeTask(spec, rounds, evaluation),
  ];
}

/** How many tasks that is, without making them: what every answer about a new job says. */
export function countTasks(spec: ResolvedSpec, dataset: DatasetFacts): number {
  const rounds = roundsOf(spec, dataset);
  const tasksARound = trainsJointly(spec.method) ? 1 : stageOrder(spec.method).length;
  const evaluations = evaluatedRounds(spec, rounds).length;
  const { warmStartRounds, parallelRounds } = rounds;
  const joint = endToEndRoundsOf(rounds).reduce((sum, round) => sum + replicasIn(rounds, round), 0);
  return 2 + warmStartRounds + parallelRounds * tasksARound + evaluations + joint;
}

function parallelPhase(spec: ResolvedSpec, rounds: Rounds, evaluation: number): PlannedTask[] {
  const tasks: PlannedTask[] = [];
  for (let round = 0; round < rounds.parallelRounds; round++) {
    if (trainsJointly(spec.method)) tasks.push(jointTask(spec, rounds, round));
    else tasks.push(...stageOrder(spec.method).map((stage) => stageTask(spec, rounds, stage, round)));
    if (evaluatesAfter(spec, rounds, round)) tasks.push(evaluateTask(spec, rounds, round, evaluation));
  }
  return tasks;
}

/** Rounds of the joined network; the last one hands it over to the stages. */
function warmStart({ method }: ResolvedSpec, rounds: Rounds): PlannedTask[] {
  const last = rounds.warmStartRounds - 1;
  return Array.from({ length: rounds.warmStartRounds }, (_, round) => {
    const inputs: Inputs = { dataset: DATASET };
    if (round > 0) inputs.state = from(endToEndKey(round - 1, null), 'state');
    const outputs = round === last ? handOverOutputs(method) : ['state'];
    return { ...endToEndTask(rounds, round, 0), inputs, outputs };
  });
}

function endToEndTask(rounds: Rounds, round: number, index: number): PlannedTask {
  const replica = replicasIn(rounds, round) > 1 ? index : null;
  const weight = countSteps(replicaRange(rounds, round, index));
  const key = endToEndKey(round, replica);
  return { ...task(key, 'end_to_end', weight, null, round), replica, outputs: ['state'] };
}

function stageTask({ method }: ResolvedSpec, rounds: Rounds, stage: number, round: number): PlannedTask {
  const inputs: Inputs = { dataset: DATASET };
  const read = (input: string, sender: number, output: string, lag: number) => {
    const source = sourceOf(method, rounds, sender, output, round - lag);
    if (source) inputs[input] = source;
  };
  read('state', stage, 'state', 1);
  for (const { input, output, sender, lag } of messagesTo(method, stage)) read(input, sender, output, lag);
  const outputs = stageOutputs(method, stage);
  const weight = countSteps(parallelRange(rounds, round)) / method.stages;
  return { ...task(stageKey(stage, round), 'stage', weight, stage, round), inputs, outputs };
}

/** A round of all stages in one task, each of whose outputs bears its stage's number. */
function jointTask({ method }: ResolvedSpec, rounds: Rounds, round: number): PlannedTask {
  const inputs = { dataset: DATASET, ...outputsOf(method, rounds, round - 1, 'state') };
  // It passes through the whole network as often as the stages exchange messages.
  const weight = countSteps(parallelRange(rounds, round)) * (method.message_rounds ?? 1);
  return { ...task(jointKey(round), 'stage', weight, null, round), inputs, outputs: handOverOutputs(method) };
}

/** Where a stage's output of a round is found: before round 0 in what a warm start handed over, if anywhere. */
function sourceOf(
  method: StagedMethod,
  { warmStartRounds }: Rounds,
  stage: number,
  output: string,
  round: number,
): InputReference | null {
  const name = `${output}-${stage}`;
  if (round >= 0)
    return trainsJointly(method) ? from(jointKey(round), name) : from(stageKey(stage, round), output);
  const handedOver = warmStartRounds > 0 && handOverOutputs(method).includes(name);
  return handedOver ? from(endToEndKey(warmStartRounds - 1, null), name) : null;
}

/** Before the stages are joined, so that the end-to-end phase's gain shows, and where the job asks for it. */
function evaluatesAfter(spec: ResolvedSpec, rounds: Rounds, round: number): boolean {
  const isHandOver = round === rounds.parallelRounds - 1 && rounds.endToEndRounds > 0;
  if (isHandOver && spec.method.stages > 1) return true;
  return spec.evaluate_every !== null && (round + 1) % spec.evaluate_every === 0;
}

function evaluatedRounds(spec: ResolvedSpec, rounds: Rounds): number[] {
  return Array.from({ length: rounds.parallelRounds }, (_, round) => round).filter((round) =>
    evaluatesAfter(spec, rounds, round),
  );
}

function evaluateTask({ method }: ResolvedSpec, rounds: Rounds, round: number, weight: number): PlannedTask {
  const states = statesOf(method, rounds, round);
  const inputs = { dataset: DATASET, ...states, ...auxiliariesOf(method, rounds, round) };
  return { ...task(evaluateKey(round), 'evaluate', weight, null, round), inputs };
}

/** Replicas of a round begin alike, at the mean of those of the round before (docs/method.md, "The end-to-end phase on K devices"). */
function endToEndPhase({ method }: ResolvedSpec, rounds: Rounds): PlannedTask[] {
  return endToEndRoundsOf(rounds).flatMap((round) => {
    const inputs = { dataset: DATASET, ...joinedStatesOf(method, rounds, round - 1) };
    const replicas = Array.from({ length: replicasIn(rounds, round) }, (_, replica) => replica);
    return replicas.map((replica) => ({ ...endToEndTask(rounds, round, replica), inputs }));
  });
}

const endToEndRoundsOf = ({ warmStartRounds, endToEndRounds }: Rounds): number[] =>
  Array.from({ length: endToEndRounds }, (_, index) => warmStartRounds + index);

/** States of the joined network after `round` of the end-to-end phase; before it those of its stages. */
function joinedStatesOf(method: StagedMethod, rounds: Rounds, round: number): Inputs {
  if (round < rounds.warmStartRounds) return statesOf(method, rounds, rounds.parallelRounds - 1);
  const replicas = replicasIn(rounds, round);
  if (replicas === 1) return { state: from(endToEndKey(round, null), 'state') };
  return Object.fromEntries(
    Array.from({ length: replicas }, (_, replica) => [
      `${REPLICA_INPUT}${replica}`,
      from(endToEndKey(round, replica), 'state'),
    ]),
  );
}

function finalizeTask(spec: ResolvedSpec, rounds: Rounds, evaluation: number): PlannedTask {
  const { warmStartRounds, parallelRounds, endToEndRounds } = rounds;
  const inputs: Inputs = {
    dataset: DATASET,
    ...joinedStatesOf(spec.method, rounds, warmStartRounds + endToEndRounds - 1),
    ...auxiliariesOf(spec.method, rounds, parallelRounds - 1),
  };
  const after = evaluatedRounds(spec, rounds).map(evaluateKey);
  return { ...task('finalize', 'finalize', evaluation * FINALIZE_EVALUATIONS), inputs, after };
}

/** States of the stages after `round`; before any (-1) those of a warm start, or none. */
function statesOf(method: StagedMethod, rounds: Rounds, round: number): Inputs {
  return outputsOf(method, rounds, round, 'state');
}

function auxiliariesOf(method: StagedMethod, rounds: Rounds, round: number): Inputs {
  return outputsOf(method, rounds, round, 'auxiliary');
}

/** Output `output` of each stage that has it, as `<output>-<stage>`; of an untrained one as a warm start left it. */
function outputsOf(method: StagedMethod, rounds: Rounds, round: number, output: string): Inputs {
  const inputs: Inputs = {};
  for (let stage = 0; stage < method.stages; stage++) {
    if (output === 'auxiliary' && !hasAuxiliary(method, stage)) continue;
    const last = isTrained(method, stage) ? round : -1;
    const source = sourceOf(method, rounds, stage, output, last);
    if (source) inputs[`${output}-${stage}`] = source;
  }
  return inputs;
}

function task(
  key: string,
  kind: TaskKind,
  weight: number,
  stage: number | null = null,
  round: number | null = null,
): PlannedTask {
  return { key, kind, stage, round, replica: null, inputs: {}, after: [], outputs: [], weight };
}

/** Every task that `task` waits for, each once. */
export function needsOf(planned: PlannedTask): string[] {
  return [...new Set([...Object.values(planned.inputs).map((input) => input.task), ...planned.after])];
}
