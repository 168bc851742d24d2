import type { ResolvedMethod } from '../contract/spec.js';

export type MethodType = ResolvedMethod['type'];

/** An output of the task of one stage that is an input of a neighbor's task, in every round. */
export interface Message {
  /** Name of the sender's output. */
  readonly output: string;
  /** Name of the reader's input. */
  readonly input: string;
  /** The reader of the message of stage k: stage k-1, stage k+1, or stage k itself. */
  readonly to: 'upstream' | 'downstream' | 'itself';
  /**
   * Number of rounds between sending and reading. With 0, the reader waits for the sender. With 1, it reads nothing
   * in round 0.
   */
  readonly lag: 0 | 1;
  /** True if stage 0 does not send this message. */
  readonly notOfFirst?: boolean;
}

/**
 * A training method from the view of its stages. src/planning/tasks/task-graph.ts derives the edges of the task
 * graph from it, and the stage task of the trainer its inputs and outputs. In every method, the state of a stage
 * goes from round to round.
 */
export interface MethodDescription {
  /** Whether stages k >= 1 get their inputs from AuxNets that are trained with them. */
  readonly hasAuxiliaries: boolean;
  /** Whether stages k < K-1 learn from a coupling with the next stage, weighted by `penalty`. */
  readonly hasCoupling: boolean;
  /**
   * Whether stages k < K-1 learn from their own small classifiers, which are dropped when the stages are joined.
   */
  readonly hasHeads: boolean;
  /**
   * The stages that train in the layer-parallel phase. `every-stage`: each in its own tasks. `jointly`: all in one
   * task per round. Other stages keep their initial weights.
   */
  readonly trains: 'every-stage' | 'last-stage' | 'jointly';
  /** Whether the inputs of stages k >= 1 are variables stored for every sample. Augmentation is then impossible. */
  readonly storesVariables?: boolean;
  readonly messages: readonly Message[];
}

const auxiliary = (lag: 0 | 1): Message => ({
  output: 'auxiliary',
  input: 'auxiliary',
  to: 'upstream',
  lag,
});

const ALONE = { hasCoupling: false, hasHeads: false, trains: 'every-stage', messages: [] } as const;
const COUPLED = { hasAuxiliaries: true, hasCoupling: true, hasHeads: false, trains: 'every-stage' } as const;

const METHODS: Readonly<Record<MethodType, MethodDescription>> = {
  backprop: { ...ALONE, hasAuxiliaries: false },
  // No other message comes from downstream, so with the AuxNets of the previous round all stages of a round can run
  // at once.
  penalty: { ...COUPLED, messages: [auxiliary(1)] },
  'augmented-lagrangian': {
    ...COUPLED,
    messages: [auxiliary(0), { output: 'corrections', input: 'corrections', to: 'upstream', lag: 0 }],
  },
  // The true features of every batch travel downstream with the forward pass. Nothing travels upstream.
  'local-heads': {
    ...ALONE,
    hasAuxiliaries: false,
    hasHeads: true,
    messages: [{ output: 'features', input: 'features', to: 'downstream', lag: 0 }],
  },
  // The control for all other methods: only the last stage trains before the end-to-end phase.
  frozen: { ...ALONE, hasAuxiliaries: true, trains: 'last-stage' },
  stored: {
    ...COUPLED,
    hasAuxiliaries: false,
    storesVariables: true,
    messages: [
      { output: 'variables', input: 'variables', to: 'itself', lag: 1, notOfFirst: true },
      { output: 'variables', input: 'downstream_variables', to: 'upstream', lag: 1 },
      { output: 'features', input: 'features', to: 'downstream', lag: 1 },
    ],
  },
  rounds: { ...COUPLED, trains: 'jointly', messages: [] },
};

/** A method and its number of stages: all that the functions below need to know about a job. */
export type StagedMethod = Pick<ResolvedMethod, 'type' | 'stages'>;

export function describeMethod({ type }: Pick<ResolvedMethod, 'type'>): MethodDescription {
  return METHODS[type];
}

/** Whether stages k >= 1 read their inputs from variables stored for every sample. */
export function storesVariables(method: StagedMethod): boolean {
  return describeMethod(method).storesVariables === true && method.stages > 1;
}

/** Whether one task per round trains all stages, because they exchange messages within a batch. */
export function trainsJointly(method: StagedMethod): boolean {
  return describeMethod(method).trains === 'jointly' && method.stages > 1;
}

/** Each replica reads the states of all replicas. With more of them, this costs more than they save. */
const MAX_DEFAULT_REPLICAS = 8;

/** Default number of replicas of the end-to-end phase: the number of devices that the stages use. */
export function defaultReplicas(method: StagedMethod): number {
  return trainsJointly(method) ? 1 : Math.min(method.stages, MAX_DEFAULT_REPLICAS);
}

/** Whether `stage` is trained in the layer-parallel phase. */
export function isTrained(method: StagedMethod, stage: number): boolean {
  return describeMethod(method).trains !== 'last-stage' || stage === method.stages - 1;
}

export function hasAuxiliary(method: StagedMethod, stage: number): boolean {
  return stage > 0 && describeMethod(method).hasAuxiliaries && isTrained(method, stage);
}

export function hasHead(method: StagedMethod, stage: number): boolean {
  return stage < method.stages - 1 && describeMethod(method).hasHeads;
}

/** The trained stages, each after the stages of its round for which it waits. */
export function stageOrder(method: StagedMethod): number[] {
  const ascending = stagesOf(method).filter((stage) => isTrained(method, stage));
  const waitsForUpstream = describeMethod(method).messages.some(
    ({ to, lag }) => to === 'downstream' && lag === 0,
  );
  return waitsForUpstream ? ascending : ascending.toReversed();
}

/** A message with its sender and its reader. */
export interface Edge extends Message {
  readonly sender: number;
  readonly reader: number;
}

/** The messages that stage `stage` reads. */
export function messagesTo(method: StagedMethod, stage: number): Edge[] {
  return edgesOf(method).filter(({ reader }) => reader === stage);
}

/** All outputs of a task of stage `stage`, without duplicates. `state` comes first. */
export function stageOutputs(method: StagedMethod, stage: number): string[] {
  const sent = edgesOf(method).filter(({ sender }) => sender === stage);
  // An AuxNet is an output even if no neighbor reads it, because the evaluation reads it.
  const own = hasAuxiliary(method, stage) ? ['state', 'auxiliary'] : ['state'];
  return [...new Set([...own, ...sent.map(({ output }) => output)])];
}

/** Outputs of a warm start for the stages: the state of each stage, and the AuxNets for its neighbors. */
export function handOverOutputs(method: StagedMethod): string[] {
  return Array.from({ length: method.stages }, (_, stage) =>
    hasAuxiliary(method, stage) ? [`state-${stage}`, `auxiliary-${stage}`] : [`state-${stage}`],
  ).flat();
}

const DISTANCE = { upstream: -1, downstream: 1, itself: 0 } as const;

function edgesOf(method: StagedMethod): Edge[] {
  const exists = (stage: number) => stage >= 0 && stage < method.stages;
  return stagesOf(method).flatMap((sender) =>
    describeMethod(method)
      .messages.map((message) => ({ ...message, sender, reader: sender + DISTANCE[message.to] }))
      .filter(({ reader, notOfFirst }) => exists(reader) && !(notOfFirst && sender === 0)),
  );
}

function stagesOf({ stages }: StagedMethod): number[] {
  return Array.from({ length: stages }, (_, stage) => stage);
}
