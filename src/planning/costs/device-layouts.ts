import type { ResolvedMethod } from '../../contract/spec.js';
import { batchesUnderWay, ONE_BATCH, type UnderWay } from '../../method/lags.js';
import { MEMORY_POLICIES, passMemory } from '../../method/memory.js';
import { messageBytesPerValue, streamBytesPerValue } from '../../method/messages.js';
import { defaultReplicas, describeMethod, isPipelined, stageReplicasOf } from '../../method/methods.js';
import { vectorsToJoin } from '../../method/outer.js';
import { minAuxiliaryDepth } from '../../network/auxiliary.js';
import { countedNetwork, type NetworkDescription } from '../../network/description.js';
import { factorBytes, factorStateValues } from './factor-costs.js';
import { messageMemory } from './message-memory.js';
import {
  ACTIVATION_BYTES,
  addsGradients,
  imagesOfPass,
  type MemoryFacts,
  type PassFacts,
} from './pass-facts.js';
import {
  costsOfMethod,
  keptBy,
  type LayerCost,
  type StageCost,
  secondsAgain,
  secondsOf,
  serialParts,
  stageSeconds,
  wholeCost,
} from './stage-costs.js';
import type { StepCosts } from './step-costs.js';

const FLOAT = 4;

/** Division of a network among devices: K stages, each trained by R replicas, on an R-th of every batch or of the batches. */
export interface Layout {
  readonly stages: number;
  readonly replicas: number;
}

export interface LayoutCost extends Layout {
  /** Time of one step of the slowest device, including sending and waiting. */
  readonly stepSeconds: number;
  /**
   * Average time of an epoch over the run. A warm start uses the devices of one stage only, the end-to-end phase
   * those of its replicas.
   */
  readonly epochSeconds: number;
  /**
   * Memory of the device that needs most, in any phase: weights, gradients, optimizer state and kept activations.
   */
  readonly memoryBytes: number;
  /** Bytes sent by all devices in an average epoch. */
  readonly bytesPerEpoch: number;
}

/** The properties of a run on which its time and memory depend. */
export interface Workload {
  readonly network: NetworkDescription;
  /** Variants with 1 stage, 2 stages, and so on. */
  readonly variants: readonly Variant[];
  readonly batch: number;
  readonly stepsPerEpoch: number;
  /** Rounds of the layer-parallel phase. */
  readonly rounds: number;
  readonly roundSteps: number;
  /** Shares of the steps that train the joined network: at the start, and at the end. */
  readonly warmStartShare: number;
  readonly endToEndShare: number;
  readonly costs: StepCosts;
  /** Bandwidth between two devices, in each direction. */
  readonly bytesPerSecond: number;
  readonly memory: MemoryFacts;
  /** The parts of a run whose layers change, each as a run of its own. Empty where nothing changes. */
  readonly parts: readonly WorkPart[];
}

/** A part of a run, as if all of its steps were like these, and their share of all. */
export interface WorkPart {
  readonly work: Workload;
  readonly share: number;
}

/** A method with some number of stages, and their costs. */
export interface Variant {
  readonly method: ResolvedMethod;
  readonly costs: readonly StageCost[];
}

/**
 * The method with 1, 2, 3, ... stages, as in `splits`. The job's own number of stages keeps its split. The list is
 * shorter if AuxNets of a given depth cannot reach the inputs of later stages.
 */
export function variantsOf(
  network: NetworkDescription,
  method: ResolvedMethod,
  splits: readonly (readonly number[])[],
  passes: PassFacts,
): Variant[] {
  const depth = describeMethod(method).hasAuxiliaries ? method.auxiliary.depth : null;
  const short = splits.findIndex((split) => depth !== null && depth < depthOf(network, split));
  return splits.slice(0, short === -1 ? splits.length : short).map((split) => {
    const own = split.length === method.stages;
    const cut = own ? method : cutAs(method, split);
    const costs = costsOfMethod(network, cut, passes);
    return { method: cut, costs };
  });
}

function cutAs(method: ResolvedMethod, split: readonly number[]): ResolvedMethod {
  const cut = { ...method, stages: split.length, split: [...split] };
  return { ...cut, end_to_end_replicas: method.end_to_end_replicas === 1 ? 1 : defaultReplicas(cut) };
}

/** Number of convolutions that the AuxNet of the last stage needs. Earlier stages need fewer or the same. */
function depthOf(network: NetworkDescription, split: readonly number[]): number {
  const whole = countedNetwork(network);
  return split.length === 1 ? 0 : minAuxiliaryDepth(whole, whole.blocks.length - split.at(-1)!);
}

/**
 * Time, memory and traffic of a layout. Corrections and features are sent after a step, and gradients of replicas
 * after its backward pass. Neither overlaps with computation here, although real systems overlap some of it.
 * Replicas average with a ring: each sends 2(R-1)/R of the gradients. The replicas of a job (`method.replicas`) have whole
 * batches, of which each takes a share, and exchange their states once a round.
 */
export function layoutCost(work: Workload, layout: Layout): LayoutCost {
  const own = partLayoutCost(work, layout);
  if (work.parts.length === 0) return own;
  const parts = work.parts.map(({ share, work: part }) => ({ share, ...partLayoutCost(part, layout) }));
  return {
    ...own,
    epochSeconds: meanOver(parts, ({ epochSeconds }) => epochSeconds),
    bytesPerEpoch: meanOver(parts, ({ bytesPerEpoch }) => bytesPerEpoch),
    memoryBytes: Math.max(...parts.map(({ memoryBytes }) => memoryBytes)),
  };
}

/** The mean over a run of what holds in each of its parts. */
export function meanOver<Part extends { readonly share: number }>(
  parts: readonly Part[],
  of: (part: Part) => number,
): number {
  return parts.reduce((mean, part) => mean + part.share * of(part), 0);
}

/** Whether these are the replicas of a job that share the steps of each stage, and not parts of every batch. */
export function sharesStages(method: ResolvedMethod, replicas: number): boolean {
  return replicas > 1 && method.stages > 1 && replicas === stageReplicasOf(method);
}

/** As if all steps had the network of the workload. */
function partLayoutCost(work: Workload, { stages, replicas }: Layout): LayoutCost {
  const { network, costs: prices, stepsPerEpoch, bytesPerSecond } = work;
  const { method, costs } = work.variants[stages - 1]!;
  const own = sharesStages(method, replicas) ? replicas : 1;
  const batch = (work.batch * own) / replicas;
  const sent = costs.map(
    (cost) => messageBytes(method, cost) * batch + auxiliaryBytes(method, cost, own) / work.roundSteps,
  );
  const averaged = costs.map((cost) =>
    own > 1
      ? (FLOAT * own * (own + 1) * roundValues(cost, work.memory)) / work.roundSteps
      : ringBytes(trainedParameters(cost), replicas),
  );
  const seconds = costs.map(
    (cost, k) => stageSeconds(cost, method, prices, batch) + (sent[k]! + averaged[k]!) / bytesPerSecond,
  );
  const whole = costs.reduce((all, cost) => all + cost.trainedParameters, 0);
  const factors = costs.reduce((all, cost) => all + cost.factors, 0);
  const joint =
    secondsOf(serialParts(network, prices, batch)) +
    secondsAgain(wholeCost(network, work.memory), { ...method, stages: 1 }, prices, batch) +
    ringBytes(whole, replicas / own) / bytesPerSecond;
  const joinedReplicas = method.end_to_end_replicas;
  const exchanged =
    joinedReplicas > 1 ? (FLOAT * exchangedValues(work, method, whole, factors)) / work.roundSteps : 0;
  const shares = stages > 1 ? work : { warmStartShare: 0, endToEndShare: 0 };
  const parallelShare = 1 - shares.warmStartShare - shares.endToEndShare;
  const jointShare = shares.warmStartShare + shares.endToEndShare;
  const joinedSeconds = joint / joinedReplicas + exchanged / joinedReplicas / bytesPerSecond;
  const stepSeconds = stages > 1 ? Math.max(...seconds) / own : joint;
  const moved = (replicas / own) * sum(sent.map((bytes, k) => bytes + averaged[k]!));
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
      ...costs.map((cost, k) => stageMemory(cost, batch, work.memory, method, batchesUnderWay(method, k))),
      ...(jointShare > 0 ? work.variants[0]!.costs : []).map((cost) =>
        stageMemory(cost, batch, work.memory, method),
      ),
    ),
    bytesPerEpoch:
      stepsPerEpoch *
      (parallelShare * moved +
        jointShare * (replicas / own) * ringBytes(whole, replicas / own) +
        shares.endToEndShare * exchanged),
  };
}

/**
 * Bytes that a stage keeps while it trains on `batch` images. Weights, gradients and the optimizer's vectors are float32 in every
 * precision; bfloat16 adds a rounded copy of the weights and halves what passes keep. A batch in parts keeps its inputs, the
 * activations of one part, and the sum of the gradients beside those of the part.
 * @param method whose memory policy says what passes keep, and whose messages have arrays of their own
 * @param underWay batches at a time; each has its activations or its input, and from two on its version of the weights
 */
export function stageMemory(
  cost: StageCost,
  batch: number,
  facts: MemoryFacts,
  method: Parameters<typeof keptBy>[1] & Pick<ResolvedMethod, 'corrections'>,
  { batches, inputsOnly }: UnderWay = ONE_BATCH,
): number {
  const { optimizerVectors, precision } = facts;
  const images = imagesOfPass(facts, batch);
  const kept = keptBy(cost, method, batch).kept + cost.auxiliary.activations + cost.head.activations;
  const bytesNow = ACTIVATION_BYTES[precision];
  const bytes = Math.min(
    bytesNow,
    MEMORY_POLICIES[passMemory(method).policy].bytes ?? Number.POSITIVE_INFINITY,
  );
  const whole = addsGradients(facts) ? 1 : 0;
  const inputs = FLOAT * cost.input * (inputsOnly + whole);
  const trained = trainedParameters(cost);
  const parameters = trained + cost.parameters - cost.trainedParameters;
  const rounded = precision === 'bfloat16' ? ACTIVATION_BYTES.bfloat16 * parameters : 0;
  const versions = batches > 1 ? batches : 0;
  const floats =
    (1 + versions) * parameters + (1 + whole + optimizerVectors) * trained + cost.downstream.parameters;
  return (
    FLOAT * floats +
    TENSOR_BYTES * trainedTensors(cost) +
    rounded +
    factorBytes(cost, facts, batch) +
    workingBytes(cost, images, bytesNow, MEMORY_POLICIES[passMemory(method).policy].working) +
    FLOAT * PREPARED_BATCHES * batch * cost.images +
    messageMemory(cost, method, images) +
    batch * inputs +
    images * bytes * kept * (batches - inputsOnly)
  );
}

/**
 * Bytes for each tensor of the trained parameters beside its values, measured: TensorFlow's records of the weights, of the
 * optimizer's vectors and of gradients; objects of JavaScript that passes make for its layer; and the parts of pages that
 * lie unused between tensors of some kilobytes (docs/performance.md, "What plans say of memory").
 */
const TENSOR_BYTES = 2 ** 14;

/** A batch in training, and the next one in preparation (src/trainer/data/prefetch/ring.ts). */
const PREPARED_BATCHES = 2;

/**
 * Tensors of the size of the largest output that a pass has beside what it keeps, in float32 or bfloat16, measured as the peak of
 * the resident memory above weights and kept features (docs/performance.md, "What plans say of memory"). They are the output of
 * a branch and its sum before their ReLU on the way forward; the cotangent of a block, of its sum, of a layer and of that
 * layer's input on the way back; and copies that oneDNN makes in layouts of its own. The allocator gives nothing back.
 */
const WORKING_TENSORS = 5;

function workingBytes(
  cost: Pick<StageCost, 'largest' | 'auxiliary' | 'head'>,
  images: number,
  bytes: number,
  ofPolicy: number,
): number {
  const largest = Math.max(cost.largest, cost.auxiliary.largest, cost.head.largest);
  return (WORKING_TENSORS + ofPolicy) * bytes * images * largest;
}

type StateFacts = Pick<MemoryFacts, 'optimizerVectors'> & Parameters<typeof factorStateValues>[1];

/** Values of the optimizer's state of some layers: its vectors, and the means and inverses of factors. */
export function stateValues(cost: Pick<LayerCost, 'parameters' | 'factors'>, memory: StateFacts): number {
  return memory.optimizerVectors * cost.parameters + factorStateValues(cost, memory);
}

/** Values of the state of a stage with its AuxNet and its head: weights, and what the optimizer keeps beside them. */
export function roundValues(cost: StageCost, memory: StateFacts): number {
  const parts = [cost, cost.auxiliary, cost.head];
  return parts.reduce((sum, part) => sum + part.parameters + stateValues(part, memory), 0);
}

/**
 * Factor for the idle time at the start and end of a wavefront: if messages are read in the same round, R rounds
 * take R + K - 1. A pipeline fills and drains in each round: S steps take S + K - 1.
 */
function fill({ variants, rounds, roundSteps }: Workload, stages: number): number {
  if (isPipelined({ ...variants[0]!.method, stages })) return (roundSteps + stages - 1) / roundSteps;
  const waits = describeMethod(variants[0]!.method).messages.some(({ lag }) => lag === 0);
  return waits && rounds > 0 ? (rounds + stages - 1) / rounds : 1;
}

/** Bytes of the AuxNet of a stage that its neighbor reads in a round: each of so many replicas reads those of all. */
export function auxiliaryBytes(method: ResolvedMethod, { auxiliary }: StageCost, replicas: number): number {
  const isSent = describeMethod(method).messages.some(({ output }) => output === 'auxiliary');
  return isSent ? FLOAT * replicas ** 2 * auxiliary.parameters : 0;
}

/** Bytes per image, of messages with one row per image. */
export function messageBytes(method: ResolvedMethod, { boundary }: StageCost): number {
  const { type, corrections } = method;
  // Features and their gradients.
  if (isPipelined(method)) return 2 * streamBytesPerValue(method) * boundary;
  const rows = describeMethod({ type }).messages.filter(
    ({ to, output }) => to !== 'itself' && output !== 'auxiliary',
  );
  return rows.length * boundary * messageBytesPerValue(corrections);
}

function ringBytes(parameters: number, replicas: number): number {
  return ((2 * (replicas - 1)) / replicas) * FLOAT * parameters;
}

/**
 * Values that go to and fro in a round of an end-to-end phase: every replica reads the states of all, and stores its own. For a
 * step between rounds, one of them also has the weights of its start and a momentum.
 */
function exchangedValues(
  { memory }: Workload,
  method: ResolvedMethod,
  parameters: number,
  factors: number,
): number {
  const replicas = method.end_to_end_replicas;
  const besides = vectorsToJoin(method) * parameters;
  return (replicas + 1) * (replicas * (parameters + stateValues({ parameters, factors }, memory)) + besides);
}

function trainedParameters(cost: LayerCost & Pick<StageCost, 'auxiliary' | 'head'>): number {
  return cost.trainedParameters + cost.auxiliary.parameters + cost.head.parameters;
}

function trainedTensors(cost: StageCost): number {
  return cost.trainedTensors + cost.auxiliary.trainedTensors + cost.head.trainedTensors;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
