import type { ResolvedMethod } from '../contract/spec.js';

export type MethodType = ResolvedMethod['type'];

/** An output of one stage's task that is an input of a neighbour's, in every round. */
export interface Message {
  /** The sender's output. */
  readonly output: string;
  /** The reader's input. */
  readonly input: string;
  /** Who reads what stage k sends: stage k-1, stage k+1, or stage k itself. */
  readonly to: 'upstream' | 'downstream' | 'itself';
  /** Rounds from sending to reading. 0 makes the reader wait for the sender; with 1 it reads nothing in round 0. */
  readonly lag: 0 | 1;
  /** Where stage 0 has nothing of the kind to send. */
  readonly notOfFirst?: boolean;
}

/**
 * What a method asks of its stages. src/planning/tasks/task-graph.ts draws the edges of the task graph from it, and the trainer's
 * stage task its inputs and outputs; a stage's own state goes from round to round in every method.
 */
export interface MethodDescription {
  /** Whether stages k >= 1 make their inputs with AuxNets, trained beside them. */
  readonly hasAuxiliaries: boolean;
  /** Whether stages k < K-1 learn from a coupling with the next one, which `penalty` weighs. */
  readonly hasCoupling: boolean;
  /** Whether stages k < K-1 learn from a small classifier of their own, dropped when the stages are joined. */
  readonly hasHeads: boolean;
  /**
   * Stages that train in the layer-parallel phase, each in tasks of its own, or all in one task a round; the others
   * stay as they started.
   */
  readonly trains: 'every-stage' | 'last-stage' | 'jointly';
  /** Whether the inputs of stages k >= 1 are variables kept of every sample, which no augmentation may change. */
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
  // Nothing else comes from downstream, so the AuxNet of the round before lets all stages of a round run at once.
  penalty: { ...COUPLED, messages: [auxiliary(1)] },
  'augmented-lagrangian': {
    ...COUPLED,
    messages: [auxiliary(0), { output: 'corrections', input: 'corrections', to: 'upstream', lag: 0 }],
  },
  // True features of every batch travel with the forward pass; nothing comes back.
  'local-heads': {
    ...ALONE,
    hasAuxiliaries: false,
    hasHeads: true,
    messages: [{ output: 'features', input: 'features', to: 'downstream', lag: 0 }],
  },
  // What the last stage and the end-to-end phase reach alone: the control that every other method is measured by.
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

/** A method and how many stages it trains: what the functions below need of a job. */
export type StagedMethod = Pick<ResolvedMethod, 'type' | 'stages'>;

export function describeMethod({ type }: Pick<ResolvedMethod, 'type'>): MethodDescription {
  return METHODS[type];
}

/** Whether stages k >= 1 read their inputs from variables kept of every sample. */
export function storesVariables(method: StagedMethod): boolean {
  return describeMethod(method).storesVariables === true && method.stages > 1;
}

/** Whether one task a round trains all stages: their messages go both ways within a batch. */
export function trainsJointly(method: StagedMethod): boolean {
  return describeMethod(method).trains === 'jointly' && method.stages > 1;
}

/** Each replica reads the state of all: with more of them that outgrows what their steps save. */
const MOST_DEFAULT_REPLICAS = 8;

/** Replicas of the end-to-end phase where a job names no number: as many as its stages keep devices busy. */
export function defaultReplicas(method: StagedMethod): number {
  return trainsJointly(method) ? 1 : Math.min(method.stages, MOST_DEFAULT_REPLICAS);
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

/** The trained stages in an order in which each comes after those of its round that it waits for. */
export function stageOrder(method: StagedMethod): number[] {
  const ascending = stagesOf(method).filter((stage) => isTrained(method, stage));
  const waitsForUpstream = describeMethod(method).messages.some(
    ({ to, lag }) => to === 'downstream' && lag === 0,
  );
  return waitsForUpstream ? ascending : ascending.toReversed();
}

/** A message with its two ends. */
export interface Edge extends Message {
  readonly sender: number;
  readonly reader: number;
}

/** The messages that stage `stage` reads. */
export function messagesTo(method: StagedMethod, stage: number): Edge[] {
  return edgesOf(method).filter(({ reader }) => reader === stage);
}

/** Every output of a task of stage `stage`, each once; `state` comes first. */
export function stageOutputs(method: StagedMethod, stage: number): string[] {
  const sent = edgesOf(method).filter(({ sender }) => sender === stage);
  // An AuxNet is an output whether or not a neighbour reads it: evaluation does.
  const own = hasAuxiliary(method, stage) ? ['state', 'auxiliary'] : ['state'];
  return [...new Set([...own, ...sent.map(({ output }) => output)])];
}

/** What a warm start hands to the stages: the state of each, and the AuxNets for neighbours to read. */
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
