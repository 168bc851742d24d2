import type { ResolvedMethod } from '../../contract/spec.js';
import { defaultReplicas, describeMethod } from '../../method/methods.js';
import { stagesOfMethod } from '../../method/run.js';
import { leastAuxiliaryDepth } from '../../network/auxiliary.js';
import type { NetworkDescription } from '../../network/description.js';
import {
  type LayerCost,
  type StageCost,
  secondsOf,
  serialParts,
  stageCosts,
  stageSeconds,
} from './stage-costs.js';
import type { StepCosts } from './step-costs.js';

/** How devices share a network: K stages, each trained by R replicas on an R-th of every batch. */
export interface Layout {
  readonly stages: number;
  readonly replicas: number;
}

export interface LayoutCost extends Layout {
  /** Of one step of the slowest device, what it sends and waits for included. */
  readonly stepSeconds: number;
  /** Of an epoch on average over the run: a warm start uses one stage's devices only, the end-to-end phase those of its replicas. */
  readonly epochSeconds: number;
  /** Of the device that needs most, of the joint phases too: weights, gradients and optimiser memory, and what a pass keeps. */
  readonly memoryBytes: number;
  /** Over all devices and an average epoch. */
  readonly bytesPerEpoch: number;
}

/** A run, as far as its time and memory depend on it. */
export interface Workload {
  readonly network: NetworkDescription;
  /** In 1 stage, in 2, and so on. */
  readonly variants: readonly Variant[];
  readonly batch: number;
  readonly stepsPerEpoch: number;
  /** Rounds of the layer-parallel phase. */
  readonly rounds: number;
  readonly roundSteps: number;
  /** Shares of the steps that the joined network takes: at the start, and at the end. */
  readonly warmStartShare: number;
  readonly endToEndShare: number;
  readonly costs: StepCosts;
  /** Between two devices, each way. */
  readonly bytesPerSecond: number;
}

const FLOAT = 4;
/** A weight, its gradient and its momentum. */
const COPIES = 3;
const BYTES = { float32: 4, float16: 2, int8: 1 + FLOAT / 64 } as const;

/** A method in some number of stages, and what they cost. */
export interface Variant {
  readonly method: ResolvedMethod;
  readonly costs: readonly StageCost[];
}

/**
 * The method in each of `splits`, those into 1, 2, 3 ... stages: as it is where it has so many; in fewer where AuxNets of a
 * given depth do not come down to the inputs of later stages.
 */
export function variantsOf(
  network: NetworkDescription,
  method: ResolvedMethod,
  splits: readonly (readonly number[])[],
): Variant[] {
  const depth = describeMethod(method).hasAuxiliaries ? method.auxiliary.depth : null;
  const short = splits.findIndex((split) => depth !== null && depth < depthOf(network, split));
  return splits.slice(0, short === -1 ? splits.length : short).map((split) => {
    const own = split.length === method.stages;
    const cut = own ? method : cutAs(method, split);
    return { method: cut, costs: stageCosts(cut, stagesOfMethod(network, cut)) };
  });
}

function cutAs(method: ResolvedMethod, split: readonly number[]): ResolvedMethod {
  const cut = { ...method, stages: split.length, split: [...split] };
  return { ...cut, end_to_end_replicas: method.end_to_end_replicas === 1 ? 1 : defaultReplicas(cut) };
}

/** Convolutions that the last stage's AuxNet needs; the others need no more. */
function depthOf(network: NetworkDescription, split: readonly number[]): number {
  return split.length === 1 ? 0 : leastAuxiliaryDepth(network, network.blocks.length - split.at(-1)!);
}

/**
 * Time, memory and traffic of a layout. Corrections and features travel after a step and gradients of replicas after its
 * backward pass, neither overlapped with it: real systems hide some of that. Replicas average by a ring (2(R-1)/R of the
 * gradients sent by each).
 */
export function layoutCost(work: Workload, { stages, replicas }: Layout): LayoutCost {
  const { network, costs: prices, stepsPerEpoch, bytesPerSecond } = work;
  const { method, costs } = work.variants[stages - 1]!;
  const batch = work.batch / replicas;
  const sent = costs.map((cost) => messageBytes(method, cost) * batch);
  const averaged = costs.map((cost) => ringBytes(trainedParameters(cost), replicas));
  const seconds = costs.map(
    (cost, k) => stageSeconds(cost, method, prices, batch) + (sent[k]! + averaged[k]!) / bytesPerSecond,
  );
  const whole = costs.reduce((all, { parameters }) => all + parameters, 0);
  const joint = secondsOf(serialParts(network, prices, batch)) + ringBytes(whole, replicas) / bytesPerSecond;
  const joinedReplicas = method.end_to_end_replicas;
  const exchanged = joinedReplicas > 1 ? exchangedBytes(whole, joinedReplicas, work.roundSteps) : 0;
  const shares = stages > 1 ? work : { warmStartShare: 0, endToEndShare: 0 };
  const parallelShare = 1 - shares.warmStartShare - shares.endToEndShare;
  const jointShare = shares.warmStartShare + shares.endToEndShare;
  const joinedSeconds = joint / joinedReplicas + exchanged / joinedReplicas / bytesPerSecond;
  const stepSeconds = stages > 1 ? Math.max(...seconds) : joint;
  const moved = replicas * sum(sent.map((bytes, k) => bytes + averaged[k]!));
  return {
    stages,
    replicas,
    stepSeconds,
    epochSeconds:
      stepsPerEpoch *
      (parallelShare * stepSeconds * fill(work, stages) +
        shares.warmStartShare * joint +
        shares.endToEndShare * joinedSeconds),
    memoryBytes: Math.max(
      ...(jointShare > 0 ? [...costs, ...work.variants[0]!.costs] : costs).map((cost) =>
        stageMemory(cost, batch),
      ),
    ),
    bytesPerEpoch:
      stepsPerEpoch *
      (parallelShare * moved +
        jointShare * replicas * ringBytes(whole, replicas) +
        shares.endToEndShare * exchanged),
  };
}

/** Bytes that a stage keeps while it trains on `batch` images, in float32. */
export function stageMemory(cost: StageCost, batch: number): number {
  const kept = cost.activations + cost.auxiliary.activations + cost.head.activations;
  return FLOAT * (COPIES * trainedParameters(cost) + cost.downstream.parameters + kept * batch);
}

/** A wavefront starts and ends with stages that wait: R + K - 1 rounds for R, where messages travel within a round. */
function fill({ variants, rounds }: Workload, stages: number): number {
  const waits = describeMethod(variants[0]!.method).messages.some(({ lag }) => lag === 0);
  return waits && rounds > 0 ? (rounds + stages - 1) / rounds : 1;
}

/** Per image, of the messages that have a row for each; AuxNets are sent once a round and are small beside them. */
function messageBytes({ type, corrections }: ResolvedMethod, { boundary }: StageCost): number {
  const rows = describeMethod({ type }).messages.filter(
    ({ to, output }) => to !== 'itself' && output !== 'auxiliary',
  );
  const kept = corrections.filter === 'average-2' ? 1 / 4 : 1;
  return rows.length * boundary * BYTES[corrections.precision] * kept;
}

function ringBytes(parameters: number, replicas: number): number {
  return ((2 * (replicas - 1)) / replicas) * FLOAT * parameters;
}

/** Per step of an end-to-end phase: in each round every replica reads the weights and momentum of all, and stores its own. */
function exchangedBytes(parameters: number, replicas: number, roundSteps: number): number {
  return (replicas * (replicas + 1) * 2 * FLOAT * parameters) / roundSteps;
}

function trainedParameters(cost: LayerCost & Pick<StageCost, 'auxiliary' | 'head'>): number {
  return cost.parameters + cost.auxiliary.parameters + cost.head.parameters;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
