import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { FROZEN_FEATURES, replicaInput, type TaskKind } from '../../contract/trainer-protocol.js';
import { storedFeatures } from '../../method/frozen-features.js';
import {
  handOverOutputs,
  hasAuxiliary,
  isAveraged,
  isTrained,
  messagesTo,
  type StagedMethod,
  stageOrder,
  stageOutputs,
  trainsJointly,
} from '../../method/methods.js';
import {
  countSteps,
  endToEndRange,
  isUnfrozenIn,
  parallelRange,
  type Rounds,
  replicaRange,
  replicasIn,
  roundsOf,
  stageRange,
  stageReplicasIn,
  stepsOfRound,
  trainsWholeNetwork,
} from '../../method/rounds.js';
import { workOfSteps } from '../../method/run.js';
import { validationImages } from '../../method/samples.js';

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
  /** Index of the replica in a round of the joined network or of a stage; null if a single task trains the round. */
  readonly replica: number | null;
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** Tasks that must end first, although none of their outputs is read. */
  readonly after: readonly string[];
  /** Names of the outputs that the task must produce. */
  readonly outputs: readonly string[];
  /** Share of the work of the job, in optimizer steps of the whole network. */
  readonly weight: number;
}

type Inputs = Record<string, InputReference>;
type EvaluatedSpec = Pick<ResolvedSpec, 'evaluate_every' | 'method' | 'selection'>;

/** Choices that are made while a job trains. */
export interface Choices {
  /** Last round of the wavefront, if that ends early. */
  readonly lastRound?: number | null;
  /** Round of the last phase whose network is exported; null: its last one. */
  readonly selected?: number | null;
}

// A forward pass costs a third of a training step. Finalizing is about four evaluations (docs/method.md).
const EVALUATION_STEP = 1 / 3;
const FINALIZE_EVALUATIONS = 4;
/** Weight of a warm start without steps, which only fits AuxNets. */
const FIT_ONLY = 1;

const stageKey = (stage: number, round: number, replica: number | null): string =>
  replica === null ? `stage-${stage}-${round}` : `stage-${stage}-${round}-${replica}`;
const jointKey = (round: number): string => `stage-${round}`;
/** Evaluation after a round of the layer-parallel phase. */
export const evaluateKey = (round: number): string => `evaluate-${round}`;
/** Evaluation after a round of the end-to-end phase. */
const evaluateJoinedKey = (round: number): string => `evaluate_joined-${round}`;
const endToEndKey = (round: number, replica: number | null): string =>
  replica === null ? `end_to_end-${round}` : `end_to_end-${round}-${replica}`;
const from = (task: string, output: string): InputReference => ({ task, output });
const DATASET = from('prepare', 'dataset');

/**
 * Divides a job into tasks, each listed after the tasks for which it waits: `prepare`; rounds of the joined network
 * (warm start); the wavefront of stage tasks (docs/method.md, "The schedule"); rounds of the joined network;
 * `finalize`. A pure function: the same spec gives the same graph.
 */
export function planTasks(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  { lastRound = null, selected = null }: Choices = {},
): PlannedTask[] {
  const all = roundsOf(spec, dataset);
  const rounds = lastRound === null ? all : { ...all, parallelRounds: lastRound + 1 };
  const weightOf = (images: number) => (images / spec.batch_size) * EVALUATION_STEP;
  const validated = validationImages(spec, dataset)?.count ?? null;
  const evaluation = weightOf(validated ?? dataset.test_count);
  const final = FINALIZE_EVALUATIONS * weightOf(dataset.test_count) + weightOf(validated ?? 0);
  const planned = withFeatures(spec, dataset, [
    { ...task('prepare', 'prepare', 1), outputs: ['dataset'] },
    ...warmStart(spec, rounds),
    ...parallelPhase(spec, rounds, evaluation),
    ...endToEndPhase(spec, rounds, evaluation),
    { ...finalizeTask(spec, rounds, final, selected), round: lastRound },
  ]);
  return byWork(spec, dataset, planned);
}

/** The tasks with the work of the steps in which they train: a step of a shallower network is less than one of the whole. */
function byWork(spec: ResolvedSpec, dataset: DatasetFacts, tasks: PlannedTask[]): PlannedTask[] {
  const rounds = roundsOf(spec, dataset);
  const workAt = workOfSteps(spec, dataset);
  return tasks.map((planned) =>
    planned.kind === 'stage' || planned.kind === 'end_to_end'
      ? { ...planned, weight: planned.weight * workAt(stepsOfRound(rounds, planned).start) }
      : planned,
  );
}

/** The tasks of a job that stores what its frozen blocks make of the images: `prepare` computes it, training reads it. */
function withFeatures(spec: ResolvedSpec, dataset: DatasetFacts, tasks: PlannedTask[]): PlannedTask[] {
  const features = storedFeatures(spec, dataset);
  if (features === null) return tasks;
  const weight = (features.samples / spec.batch_size) * EVALUATION_STEP;
  const rounds = roundsOf(spec, dataset);
  return tasks.map((planned) => {
    if (planned.kind === 'prepare') {
      return { ...planned, outputs: [...planned.outputs, FROZEN_FEATURES], weight: planned.weight + weight };
    }
    if (!trainsFirstBlocks(planned) || isUnfrozenIn(rounds, stepsOfRound(rounds, planned))) return planned;
    return { ...planned, inputs: { ...planned.inputs, [FROZEN_FEATURES]: from('prepare', FROZEN_FEATURES) } };
  });
}

/** A task of the first stage, of all stages or of the joined network. */
function trainsFirstBlocks({ kind, stage }: PlannedTask): boolean {
  return kind === 'end_to_end' || (kind === 'stage' && (stage === null || stage === 0));
}

/** Number of tasks, without creating them: part of every response about a new job. */
export function countTasks(spec: ResolvedSpec, dataset: DatasetFacts): number {
  const rounds = roundsOf(spec, dataset);
  const tasksARound = trainsJointly(spec.method) ? 1 : stageOrder(spec.method).length;
  const shares = indicesOf(rounds.parallelRounds).reduce(
    (sum, round) => sum + stageReplicasIn(rounds, round),
    0,
  );
  const evaluations = evaluatedRounds(spec, rounds).length;
  const joint = endToEndRoundsOf(rounds).reduce((sum, round) => sum + replicasIn(rounds, round), 0);
  const joined = evaluatedJoinedRounds(spec, rounds).length;
  return 2 + rounds.warmStartRounds + shares * tasksARound + evaluations + joint + joined;
}

function parallelPhase(spec: ResolvedSpec, rounds: Rounds, evaluation: number): PlannedTask[] {
  const tasks: PlannedTask[] = [];
  for (let round = 0; round < rounds.parallelRounds; round++) {
    if (trainsJointly(spec.method)) tasks.push(jointTask(spec, rounds, round));
    else tasks.push(...stageOrder(spec.method).flatMap((stage) => stageTasks(spec, rounds, stage, round)));
    if (evaluatesAfter(spec, rounds, round)) tasks.push(evaluateTask(spec, rounds, round, evaluation));
  }
  return tasks;
}

/** Rounds of the joined network. The last one fits the AuxNets, and passes its state to the stages. */
function warmStart({ method }: ResolvedSpec, rounds: Rounds): PlannedTask[] {
  const last = rounds.warmStartRounds - 1;
  return Array.from({ length: rounds.warmStartRounds }, (_, round) => {
    const inputs: Inputs = { dataset: DATASET };
    if (round > 0) inputs.state = from(endToEndKey(round - 1, null), 'state');
    const outputs = round === last ? handOverOutputs(method) : ['state'];
    const planned = endToEndTask(rounds, round, 0);
    return { ...planned, weight: planned.weight || FIT_ONLY, inputs, outputs };
  });
}

function endToEndTask(rounds: Rounds, round: number, index: number): PlannedTask {
  const replica = replicasIn(rounds, round) > 1 ? index : null;
  const weight = countSteps(replicaRange(rounds, round, index));
  const key = endToEndKey(round, replica);
  return { ...task(key, 'end_to_end', weight, null, round), replica, outputs: ['state'] };
}

/** The tasks of a stage in a round: one, or one for each replica. */
function stageTasks({ method }: ResolvedSpec, rounds: Rounds, stage: number, round: number): PlannedTask[] {
  return replicasOf(stageReplicasIn(rounds, round)).map((replica) => {
    const inputs: Inputs = {
      dataset: DATASET,
      ...readFrom(method, rounds, { stage, output: 'state', round: round - 1 }, { input: 'state', replica }),
    };
    for (const { input, output, sender, lag } of messagesTo(method, stage)) {
      const sent = { stage: sender, output, round: round - lag };
      Object.assign(inputs, readFrom(method, rounds, sent, { input, replica }));
    }
    const outputs = stageOutputs(method, stage);
    const weight = countSteps(stageRange(rounds, round, replica)) / method.stages;
    const key = stageKey(stage, round, replica);
    return { ...task(key, 'stage', weight, stage, round), replica, inputs, outputs };
  });
}

/** The indices of `count` replicas; null for a task that has no others beside it. */
function replicasOf(count: number): (number | null)[] {
  return count === 1 ? [null] : indicesOf(count);
}

const indicesOf = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The inputs of a task from a stage: the message of the replica with the same batches, or what all replicas stored. */
function readFrom(
  method: StagedMethod,
  rounds: Rounds,
  { stage, output, round }: { readonly stage: number; readonly output: string; readonly round: number },
  { input, replica }: { readonly input: string; readonly replica: number | null },
): Inputs {
  if (!isAveraged(output)) {
    const source = sourceOf(method, rounds, stage, output, round, replica);
    return source ? { [input]: source } : {};
  }
  const senders = replicasOf(round < 0 ? 1 : stageReplicasIn(rounds, round));
  return Object.fromEntries(
    senders.flatMap((sender) => {
      const source = sourceOf(method, rounds, stage, output, round, sender);
      return source ? [[sender === null ? input : replicaInput(input, sender), source]] : [];
    }),
  );
}

/** A round of all stages in one task. The name of each output contains the index of its stage. */
function jointTask({ method }: ResolvedSpec, rounds: Rounds, round: number): PlannedTask {
  const inputs = { dataset: DATASET, ...outputsOf(method, rounds, round - 1, 'state') };
  // It runs the whole network once for each message round.
  const weight = countSteps(parallelRange(rounds, round)) * (method.message_rounds ?? 1);
  return { ...task(jointKey(round), 'stage', weight, null, round), inputs, outputs: handOverOutputs(method) };
}

/** Source of a stage's output of a round. Before round 0, this is the warm start, if there is one. */
function sourceOf(
  method: StagedMethod,
  { warmStartRounds }: Rounds,
  stage: number,
  output: string,
  round: number,
  replica: number | null,
): InputReference | null {
  const name = `${output}-${stage}`;
  if (round >= 0)
    return trainsJointly(method)
      ? from(jointKey(round), name)
      : from(stageKey(stage, round, replica), output);
  const handedOver = warmStartRounds > 0 && handOverOutputs(method).includes(name);
  return handedOver ? from(endToEndKey(warmStartRounds - 1, null), name) : null;
}

/**
 * Evaluates before the stages are joined, so that the gain of the end-to-end phase is visible, and after the rounds
 * that the job requests.
 */
function evaluatesAfter(spec: EvaluatedSpec, rounds: Rounds, round: number): boolean {
  const isHandOver = round === rounds.parallelRounds - 1 && rounds.endToEndRounds > 0;
  if (isHandOver && spec.method.stages > 1) return true;
  if (round === rounds.parallelRounds - 1 && rounds.endToEndRounds === 0 && selectsBest(spec)) return true;
  return spec.evaluate_every !== null && (round + 1) % spec.evaluate_every === 0;
}

/** Rounds of the layer-parallel phase after which the network is evaluated. */
export function evaluatedRounds(spec: EvaluatedSpec, rounds: Rounds): number[] {
  return Array.from({ length: rounds.parallelRounds }, (_, round) => round).filter((round) =>
    evaluatesAfter(spec, rounds, round),
  );
}

/** Jobs of earlier versions select nothing, or keep no checkpoints. */
const selectsBest = ({ selection }: EvaluatedSpec): boolean =>
  selection?.keep === 'best' || (selection?.checkpoints?.best ?? 0) > 0;

/** Rounds of the end-to-end phase after which the network is evaluated: only to select among them. */
function evaluatedJoinedRounds(spec: EvaluatedSpec, rounds: Rounds): number[] {
  if (!selectsBest(spec)) return [];
  const every = spec.evaluate_every ?? 1;
  return endToEndRoundsOf(rounds).filter(
    (round, index, all) => (index + 1) % every === 0 || round === all[all.length - 1],
  );
}

/** A network that can be selected, with the task that evaluates it. */
export interface Candidate {
  readonly round: number;
  /** Key of the evaluation. */
  readonly key: string;
  /** Name of its checkpoint. */
  readonly checkpoint: string;
  /** The last optimizer step that it includes. */
  readonly step: number;
}

/** The evaluations of the whole network in the last phase, among which the best network is selected. */
export function candidatesOf(spec: EvaluatedSpec, rounds: Rounds): Candidate[] {
  if (rounds.endToEndRounds === 0) {
    const last = evaluatedRounds(spec, rounds).filter((round) => trainsWholeNetwork(rounds, round));
    return last.map((round) => {
      const step = parallelRange(rounds, round).end - 1;
      return { round, key: evaluateKey(round), checkpoint: `round-${round}`, step };
    });
  }
  return evaluatedJoinedRounds(spec, rounds).map((round) => {
    const step = endToEndRange(rounds, round).end - 1;
    return { round, key: evaluateJoinedKey(round), checkpoint: endToEndKey(round, null), step };
  });
}

function evaluateTask({ method }: ResolvedSpec, rounds: Rounds, round: number, weight: number): PlannedTask {
  const states = statesOf(method, rounds, round);
  const inputs = { dataset: DATASET, ...states, ...auxiliariesOf(method, rounds, round) };
  return { ...task(evaluateKey(round), 'evaluate', weight, null, round), inputs };
}

/**
 * All replicas of a round start from the mean of the states of the previous round (docs/method.md, "The end-to-end
 * phase on K devices").
 */
function endToEndPhase(spec: ResolvedSpec, rounds: Rounds, evaluation: number): PlannedTask[] {
  const evaluated = evaluatedJoinedRounds(spec, rounds);
  return endToEndRoundsOf(rounds).flatMap((round) => {
    const inputs = { dataset: DATASET, ...joinedStatesOf(spec.method, rounds, round - 1) };
    const replicas = Array.from({ length: replicasIn(rounds, round) }, (_, replica) => replica);
    const after = round === rounds.warmStartRounds ? decidingEvaluations(spec, rounds) : [];
    const trained = replicas.map((replica) => ({ ...endToEndTask(rounds, round, replica), inputs, after }));
    if (!evaluated.includes(round)) return trained;
    const states = { dataset: DATASET, ...joinedStatesOf(spec.method, rounds, round) };
    const key = evaluateJoinedKey(round);
    return [...trained, { ...task(key, 'evaluate', evaluation, null, round), inputs: states }];
  });
}

/** Evaluations that may say that an earlier round was the last one: nothing that follows the phase starts before them. */
function decidingEvaluations(spec: ResolvedSpec, rounds: Rounds): string[] {
  if (!spec.early_stopping) return [];
  return roundsBeforeEnd(spec, rounds).map(evaluateKey);
}

/**
 * The rounds whose evaluation can end the layer-parallel phase: those that are evaluated, without the last one, after which
 * nothing is left to end. Rounds of shallower networks cannot end it, since none of these is the result.
 */
export function roundsBeforeEnd(spec: EvaluatedSpec, rounds: Rounds): number[] {
  return evaluatedRounds(spec, rounds).filter(
    (round) => round < rounds.parallelRounds - 1 && trainsWholeNetwork(rounds, round),
  );
}

const endToEndRoundsOf = ({ warmStartRounds, endToEndRounds }: Rounds): number[] =>
  Array.from({ length: endToEndRounds }, (_, index) => warmStartRounds + index);

/** States of the joined network after `round` of the end-to-end phase. Before it: the states of its stages. */
function joinedStatesOf(method: StagedMethod, rounds: Rounds, round: number): Inputs {
  if (round < rounds.warmStartRounds) return statesOf(method, rounds, rounds.parallelRounds - 1);
  return Object.fromEntries(
    replicasOf(replicasIn(rounds, round)).map((replica) => [
      replica === null ? 'state' : replicaInput('state', replica),
      from(endToEndKey(round, replica), 'state'),
    ]),
  );
}

/** @param selected the round of the last phase whose network it exports; null: the last one */
function finalizeTask(spec: ResolvedSpec, all: Rounds, weight: number, selected: number | null): PlannedTask {
  const isParallel = all.endToEndRounds === 0;
  const rounds = isParallel && selected !== null ? { ...all, parallelRounds: selected + 1 } : all;
  const { warmStartRounds, parallelRounds, endToEndRounds } = rounds;
  const joined = isParallel ? null : selected;
  const inputs: Inputs = {
    dataset: DATASET,
    ...joinedStatesOf(spec.method, rounds, joined ?? warmStartRounds + endToEndRounds - 1),
    ...auxiliariesOf(spec.method, rounds, parallelRounds - 1),
  };
  const after = [
    ...evaluatedRounds(spec, all).map(evaluateKey),
    ...evaluatedJoinedRounds(spec, all).map(evaluateJoinedKey),
  ];
  return { ...task('finalize', 'finalize', weight), inputs, after };
}

/** States of the stages after `round`. Before any round (-1): those of a warm start, or none. */
function statesOf(method: StagedMethod, rounds: Rounds, round: number): Inputs {
  return outputsOf(method, rounds, round, 'state');
}

function auxiliariesOf(method: StagedMethod, rounds: Rounds, round: number): Inputs {
  return outputsOf(method, rounds, round, 'auxiliary');
}

/**
 * Output `output` of each stage that has it, as `<output>-<stage>`. For an untrained stage: from the warm start.
 */
function outputsOf(method: StagedMethod, rounds: Rounds, round: number, output: string): Inputs {
  const inputs: Inputs = {};
  for (let stage = 0; stage < method.stages; stage++) {
    if (output === 'auxiliary' && !hasAuxiliary(method, stage)) continue;
    const last = isTrained(method, stage) ? round : -1;
    const read = { input: `${output}-${stage}`, replica: null };
    Object.assign(inputs, readFrom(method, rounds, { stage, output, round: last }, read));
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

/** Keys of all tasks for which `task` waits, without duplicates. */
export function needsOf(planned: PlannedTask): string[] {
  return [...new Set([...Object.values(planned.inputs).map((input) => input.task), ...planned.after])];
}
