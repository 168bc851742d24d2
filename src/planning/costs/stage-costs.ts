import type { PassSeconds } from '../../contract/network-profile.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { forwardsTwice } from '../../method/lags.js';
import { MEMORY_POLICIES, passMemory, recomputes } from '../../method/memory.js';
import {
  describeMethod,
  isPipelined,
  type StagedMethod,
  sendsMessage,
  storesVariables,
} from '../../method/methods.js';
import { reachedStage } from '../../method/reach.js';
import { stagesOfMethod } from '../../method/run.js';
import { withShare } from '../../method/sparsity.js';
import {
  ACTIVATION_WORK,
  keptValues,
  largestOutput,
  multiplyAdds,
  parameterCount,
  work,
} from '../../network/cost.js';
import { countedNetwork, type NetworkDescription, wholeNetwork } from '../../network/description.js';
import { factorPatches, factorValues, factorWork } from '../../network/factors.js';
import { countFrozen, splitFrozen } from '../../network/frozen.js';
import { headLayers } from '../../network/heads.js';
import type { ConvLayer, Layer, Shape } from '../../network/layers.js';
import { parametersOf, trainedParameters } from '../../network/parameters.js';
import { type SegmentCost, segmentCost } from '../../network/segments.js';
import type { StageDescription } from '../../network/stages.js';
import { type FactorCost, factorSeconds } from './factor-costs.js';
import { ACTIVATION_BYTES, imagesOfPass, type PassFacts, WHOLE_BATCH } from './pass-facts.js';
import type { StepParts } from './speedup.js';
import type { LayerRange, StepCosts } from './step-costs.js';

/** Memory and computation of some layers. Values of a pass are per image. */
export interface LayerCost extends FactorCost {
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Number of values that a training pass keeps. Frozen layers keep none. */
  readonly activations: number;
  /** Values of the largest output of a layer. */
  readonly largest: number;
  /** Work (cost.ts), which is proportional to time. */
  readonly work: number;
  /** The part of `parameters` and `work` that is trained: the rest is frozen, and has a forward pass only. */
  readonly trainedParameters: number;
  readonly trainedWork: number;
  /** Number of tensors of the trained parameters: kernels, scales, shifts, biases. */
  readonly trainedTensors: number;
}

export interface StageCost extends LayerCost {
  /** Its residual blocks: [start, end). */
  readonly start: number;
  readonly end: number;
  /** Number of its blocks that are frozen, the first ones. */
  readonly frozenBlocks: number;
  /** Number of values per image of their stored output, which is read in place of computing it. 0 where it is computed. */
  readonly storedValues: number;
  /** Costs of the AuxNet and the local head that the stage trains besides its layers. 0 if it has none. */
  readonly auxiliary: LayerCost;
  readonly head: LayerCost;
  /** The part of `head` that copies later blocks: its work, and these blocks. 0 where there is none. */
  readonly copies: LayerRange;
  /** Costs of the AuxNet of the next stage, to which this stage is coupled. 0 without a coupling. */
  readonly downstream: LayerCost;
  /** Number of values per image that it sends to the next stage. 0 for the last stage. */
  readonly boundary: number;
  /** Number of values per image that it gets from the previous stage. 0 for the first stage. */
  readonly inputBoundary: number;
  /** Number of values of its input per image: for the first stage, of the images or of the stored features. */
  readonly input: number;
  /** Number of values of an image, or of its stored features, where the stage or its AuxNet reads it; else 0. */
  readonly images: number;
  /** Whether its backward passes begin with another forward pass. */
  readonly forwardsTwice: boolean;
  /** Costs of passes that compute features again. @param maxValues per image; null: as few as can be */
  readonly segments: (maxValues: number | null) => SegmentCost;
  readonly passes: PassFacts;
}

export const NO_COST: LayerCost = {
  ...{ parameters: 0, multiplyAdds: 0, activations: 0, work: 0 },
  ...{ trainedParameters: 0, trainedWork: 0, trainedTensors: 0, factors: 0, factorPatches: 0, largest: 0 },
  factorWork: { estimate: 0, inverse: 0, apply: 0 },
};
export const NO_STAGE: StageCost = {
  ...NO_COST,
  ...{ start: 0, end: 0, boundary: 0, inputBoundary: 0, input: 0, images: 0, forwardsTwice: false },
  ...{ frozenBlocks: 0, storedValues: 0 },
  ...{ auxiliary: NO_COST, head: NO_COST, downstream: NO_COST, copies: { work: 0, start: 0, end: 0 } },
  segments: () => ({ kept: 0, workAgain: 0 }),
  passes: WHOLE_BATCH,
};

export function costOf(layers: readonly Layer[]): LayerCost {
  const { trained } = splitFrozen(layers);
  return {
    parameters: parameterCount(layers),
    multiplyAdds: multiplyAdds(layers),
    activations: keptValues(trained),
    largest: largestOutput(trained),
    work: work(layers),
    trainedParameters: parameterCount(trained),
    trainedWork: work(trained),
    trainedTensors: trainedParameters(parametersOf(trained)).length,
    factors: factorValues(trained),
    factorPatches: factorPatches(trained),
    factorWork: factorWork(trained),
  };
}

/** The first blocks of a network that are frozen, all in its first stage, and the values per image of their stored output. */
export type FrozenPart = Pick<StageCost, 'frozenBlocks' | 'storedValues'>;

export const NOTHING_FROZEN: FrozenPart = { frozenBlocks: 0, storedValues: 0 };

export function frozenPart(network: NetworkDescription): FrozenPart {
  const frozenBlocks = countFrozen(network);
  const last = network.storesFrozen ? network.blocks[frozenBlocks - 1] : undefined;
  return { frozenBlocks, storedValues: last ? valuesOf(last.output) : 0 };
}

export function stageCosts(
  method: StagedMethod &
    Pick<ResolvedMethod, 'memory'> &
    Partial<Pick<ResolvedMethod, 'reach'>> & { readonly split: readonly number[] },
  stages: readonly StageDescription[],
  frozen: FrozenPart,
  passes: PassFacts = WHOLE_BATCH,
): StageCost[] {
  const { penalty } = describeMethod(method);
  let end = 0;
  return stages.map((stage, index) => {
    const start = end;
    end += method.split[index]!;
    const next = stages[index + 1];
    return {
      ...costOf(stage.layers),
      ...{ start, end, ...(index === 0 ? frozen : NOTHING_FROZEN) },
      auxiliary: costInRounds(stage, auxiliaryLayers, passes),
      head: headCost(stage, passes),
      copies: copiesOf(method, stage, end),
      downstream: penalty && next ? costInRounds(next, auxiliaryLayers, passes) : NO_COST,
      boundary: next ? valuesOf(next.input) : 0,
      inputBoundary: index > 0 ? valuesOf(stage.input) : 0,
      input: (index === 0 && frozen.storedValues) || valuesOf(stage.input),
      images: imagesOf(stages, index, frozen),
      forwardsTwice: forwardsTwice(method, index),
      segments: segmentsIn(stage.layers),
      passes,
    };
  });
}

/** Costs of the stages into which a method divides a network, whose frozen part they have. */
export function costsOfMethod(
  network: NetworkDescription,
  method: ResolvedMethod,
  passes: PassFacts = WHOLE_BATCH,
): StageCost[] {
  return stageCosts(method, stagesOfMethod(network, method), frozenPart(network), passes);
}

const auxiliaryLayers = ({ auxiliary }: StageDescription): readonly Layer[] => auxiliary ?? [];

/** The memory of the first round, which has all channels, and the mean computation of all rounds. */
function costInRounds(
  stage: StageDescription,
  layersOf: (stage: StageDescription) => readonly Layer[],
  { channels = [] }: PassFacts,
): LayerCost {
  const first = costOf(layersOf(stage));
  if (channels.length === 0) return first;
  const costs = channels.map(({ kept }) => costOf(layersOf(withShare(stage, kept))));
  const mean = (part: 'multiplyAdds' | 'work' | 'trainedWork') =>
    channels.reduce((sum, { ofRounds }, index) => sum + ofRounds * costs[index]![part], 0);
  return {
    ...first,
    multiplyAdds: mean('multiplyAdds'),
    work: mean('work'),
    trainedWork: mean('trainedWork'),
  };
}

/** A decoder keeps what it reads, too: the features at the size of the images. */
function headCost(stage: StageDescription, passes: PassFacts): LayerCost {
  const cost = costInRounds(stage, headLayers, passes);
  const decoder = stage.head?.decoder ?? [];
  const [first] = decoder;
  if (first?.op !== 'conv') return cost;
  const resized = valuesOf(first.input);
  const more = workOfFewChannels(first) + RESIZED_WORK * resized - work(decoder);
  return {
    ...cost,
    activations: cost.activations + resized,
    work: cost.work + more,
    trainedWork: cost.trainedWork + more,
  };
}

/** Channels that kernels compute at a time, whether a convolution has as many or not: the numbers of an AVX-512 register. */
const CHANNELS_AT_A_TIME = 16;

/**
 * Work of a convolution to the channels of images and of its batch norm. Kernels compute as if it had sixteen channels, in all
 * but the gradient of its input, which sums over them.
 */
function workOfFewChannels(layer: ConvLayer): number {
  const { channels } = layer.output;
  const padded = (CHANNELS_AT_A_TIME * Math.ceil(channels / CHANNELS_AT_A_TIME)) / channels;
  const passes = (2 * padded + 1) / 3;
  return passes * multiplyAdds([layer]) + padded * ACTIVATION_WORK * valuesOf(layer.output);
}

/** Work of a value that is resized: it is written once and its gradient read once, of about nine passes over a kept value. */
const RESIZED_WORK = (2 / 9) * ACTIVATION_WORK;

function copiesOf(
  method: StagedMethod & Partial<Pick<ResolvedMethod, 'reach'>> & { readonly split: readonly number[] },
  { index, head }: StageDescription,
  start: number,
): LayerRange {
  const copied = method.split.slice(index + 1, reachedStage(method, index) + 1);
  return {
    work: work(head?.copies ?? []),
    start,
    end: copied.reduce((end, blocks) => end + blocks, start),
  };
}

/** The whole network as one stage, on one device. */
export function wholeCost(network: NetworkDescription, passes: PassFacts = WHOLE_BATCH): StageCost {
  const layers = wholeNetwork(network);
  const frozen = frozenPart(network);
  return {
    ...{ ...NO_STAGE, ...costOf(layers), ...frozen, passes },
    ...{ start: 0, end: countedNetwork(network).blocks.length, segments: segmentsIn(layers) },
    input: frozen.storedValues || valuesOf(network.image),
    images: frozen.storedValues || valuesOf(network.image),
  };
}

function imagesOf(stages: readonly StageDescription[], index: number, frozen: FrozenPart): number {
  const image = stages[0] ? valuesOf(stages[0].input) : 0;
  if (index === 0) return frozen.storedValues || image;
  return stages[index]?.auxiliary ? image : 0;
}

function segmentsIn(layers: readonly Layer[]): StageCost['segments'] {
  const known = new Map<number | null, SegmentCost>();
  return (maxValues) => {
    const found = known.get(maxValues) ?? segmentCost(splitFrozen(layers).trained, maxValues);
    known.set(maxValues, found);
    return found;
  };
}

type MemoryFields = Partial<Pick<ResolvedMethod, 'memory' | 'memory_bytes'>>;

/** Features that passes over `batch` images keep, per image, and the work that they do again. Those of a pipeline keep all. */
export function keptBy(cost: StageCost, method: StagedMethod & MemoryFields, batch: number): SegmentCost {
  if (!recomputes(method) || isPipelined(method)) return { kept: cost.activations, workAgain: 0 };
  const bytes = imagesOfPass(cost.passes, batch) * ACTIVATION_BYTES[cost.passes.precision];
  const most = method.memory_bytes ?? null;
  return cost.segments(most === null ? null : most / bytes);
}

/** Seconds of the forward passes that a step makes again, a whole one in stages of a pipeline, and of rounding what is kept. */
export function secondsAgain(
  cost: StageCost,
  method: StagedMethod & MemoryFields,
  costs: StepCosts,
  batch: number,
): number {
  if (cost.forwardsTwice) return layerSeconds(cost, costs).forward * batch;
  const { codecWork } = MEMORY_POLICIES[passMemory(method).policy];
  const { kept, workAgain } = keptBy(cost, method, batch);
  const { start, end, frozenBlocks, trainedWork } = cost;
  if (trainedWork === 0) return 0;
  const { forward, backward } = costs.layers({ work: trainedWork, start: start + frozenBlocks, end });
  return ((workAgain * forward + codecWork * kept * (forward + backward)) / trainedWork) * batch;
}

/** Number of values of the features of one image. */
export const valuesOf = ({ height, width, channels }: Shape): number => height * width * channels;

/**
 * Seconds of a step of a stage on `batch` images. The loss of a local head counts as coupling, because it replaces
 * it. So does a second forward pass, because one device makes none.
 */
export function stageParts(
  cost: StageCost,
  method: StagedMethod & MemoryFields,
  costs: StepCosts,
  batch: number,
): StepParts {
  const layers = layerSeconds(cost, costs);
  const auxiliary = costs.auxiliary(cost.start, cost.auxiliary.work);
  const head = headSeconds(cost, costs);
  const heard = costs.auxiliary(cost.end, cost.downstream.work).forward + head;
  const coupled = describeMethod(method).penalty ? costs.coupling * cost.boundary : 0;
  const updated = ({ trainedParameters }: LayerCost) => costs.update * trainedParameters;
  return {
    data: costs.data * batch,
    forward: layers.forward * batch,
    backward: layers.backward * batch + updated(cost),
    coupling:
      (coupled + heard) * batch +
      secondsAgain(cost, method, costs, batch) +
      factorSeconds(cost, costs, batch) +
      updated(cost.head),
    auxiliaryForward: auxiliary.forward * batch,
    auxiliaryBackward: auxiliary.backward * batch + updated(cost.auxiliary),
  };
}

/** One image through the copies of later blocks, the local head, and back. */
function headSeconds({ end, head, copies }: StageCost, costs: StepCosts): number {
  const own = costs.localHead(copies.work > 0 ? copies.end : end, head.work - copies.work);
  const through = copies.work > 0 ? costs.layers(copies) : { forward: 0, backward: 0 };
  return own.forward + own.backward + through.forward + through.backward;
}

/** One image through some blocks, or from the stored output of the frozen ones on, and back to the first that is trained. */
function layerSeconds(
  cost: Pick<StageCost, 'work' | 'trainedWork' | 'start' | 'end'> & FrozenPart,
  costs: StepCosts,
): PassSeconds {
  const { start, end, frozenBlocks, storedValues, trainedWork } = cost;
  const trained = costs.layers({ work: trainedWork, start: start + frozenBlocks, end });
  if (storedValues > 0) return { ...trained, forward: trained.forward + costs.receive * storedValues };
  return { ...trained, forward: costs.layers(cost).forward };
}

/** Seconds per step in which a stage writes and reads messages. Equation 27 does not include them. */
export function messageSeconds(
  { boundary, inputBoundary }: StageCost,
  method: StagedMethod,
  { send, receive }: Pick<StepCosts, 'send' | 'receive'>,
  batch: number,
): number {
  // Stored variables are rows of a file that are read and written in place, so there are no messages.
  if (storesVariables(method)) return 0;
  const streams = isPipelined(method);
  const travels = (output: string) => streams || sendsMessage(describeMethod(method), output);
  const up = travels('corrections') ? send * inputBoundary + receive * boundary : 0;
  const down = travels('features') ? send * boundary + receive * inputBoundary : 0;
  return (up + down) * batch;
}

/** Seconds of a step of a stage, including all parts. */
export function stageSeconds(
  cost: StageCost,
  method: StagedMethod & MemoryFields,
  costs: StepCosts,
  batch: number,
): number {
  return secondsOf(stageParts(cost, method, costs, batch)) + messageSeconds(cost, method, costs, batch);
}

/** Seconds of a step of the whole network on one device. */
export function serialParts(network: NetworkDescription, costs: StepCosts, batch: number): StepParts {
  const whole = costOf(wholeNetwork(network));
  const { length: end } = countedNetwork(network).blocks;
  const blocks = { start: 0, end, ...frozenPart(network) };
  const { forward, backward } = layerSeconds({ ...whole, ...blocks }, costs);
  return {
    data: costs.data * batch,
    forward: forward * batch,
    backward: backward * batch + costs.update * whole.trainedParameters,
    coupling: 0,
    auxiliaryForward: 0,
    auxiliaryBackward: 0,
  };
}

/** The serial step, with the average overhead of the stages: the parts of equation 27. */
export function meanParts(serial: StepParts, stages: readonly StepParts[]): StepParts {
  const mean = (part: keyof StepParts) => stages.reduce((sum, stage) => sum + stage[part], 0) / stages.length;
  return {
    ...serial,
    coupling: mean('coupling'),
    auxiliaryForward: mean('auxiliaryForward'),
    auxiliaryBackward: mean('auxiliaryBackward'),
  };
}

export function secondsOf(parts: StepParts): number {
  return Object.values(parts).reduce((sum: number, part: number) => sum + part, 0);
}
