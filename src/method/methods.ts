import type { ResolvedMethod } from '../contract/spec.js';
import type { Message, MethodDescription } from './description.js';
import { METHODS } from './rules.js';

/** A method and its number of stages: all that the functions below need to know about a job. */
export type StagedMethod = Pick<ResolvedMethod, 'type' | 'stages'>;

export function describeMethod({ type }: Pick<ResolvedMethod, 'type'>): MethodDescription {
  return METHODS[type];
}

/** Whether stages k >= 1 read their inputs from variables stored for every sample. */
export function storesVariables(method: StagedMethod): boolean {
  return describeMethod(method).storesVariables === true && method.stages > 1;
}

/** Whether a message of this name goes from stage to stage. */
export function sendsMessage({ messages }: MethodDescription, name: string): boolean {
  return messages.some(({ output }) => output === name);
}

/** Whether one task per round trains all stages, because they exchange messages in every step. */
export function trainsJointly(method: StagedMethod): boolean {
  return describeMethod(method).trains === 'jointly' && method.stages > 1;
}

/** Whether batches are under way in several stages at a time. */
export function isPipelined(method: StagedMethod): boolean {
  return describeMethod(method).isPipelined === true && method.stages > 1;
}

/** Devices that share the steps of each stage in the layer-parallel phase. */
export function stageReplicasOf({ replicas }: { readonly replicas?: number }): number {
  // Jobs of earlier versions have no such field.
  return replicas ?? 1;
}

/** Whether replicas of a stage can share its steps: they need the messages of their own batches, and means of states. */
export function canShareStages(method: StagedMethod): boolean {
  return hasSharedStages(describeMethod(method)) && method.stages > 1;
}

/** The same of a method with several stages. */
export function hasSharedStages({ trains, storesVariables: stores, isSerial }: MethodDescription): boolean {
  return trains === 'every-stage' && !stores && !isSerial;
}

/** Outputs that are weights after a round: readers take the mean of those of the replicas. Others are of single batches. */
const OF_ROUNDS: readonly string[] = ['state', 'auxiliary'];

/** Whether replicas of a stage each have a version of this output, of which a reader takes the mean. */
export function isAveraged(output: string): boolean {
  return OF_ROUNDS.includes(output);
}

/** Each replica reads the states of all replicas. With more of them, this costs more than they save. */
const MAX_DEFAULT_REPLICAS = 8;

/** Default number of replicas of the end-to-end phase: the number of devices that the stages use. */
export function defaultReplicas(method: StagedMethod): number {
  return trainsJointly(method) && !isPipelined(method) ? 1 : Math.min(method.stages, MAX_DEFAULT_REPLICAS);
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
