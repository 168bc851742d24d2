import type { components } from '../../contract/generated/openapi.js';
import type { NetworkProfile } from '../../contract/network-profile.js';
import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import {
  batchesUnderWay,
  describeRun,
  type FrozenFeatures,
  frozenFeatures,
  isPipelined,
  partsOfRun,
  shallowestNetwork,
  stageReplicasOf,
  stagesLeft,
} from '../../method/index.js';
import {
  countFrozen,
  type NetworkDescription,
  type StageDescription,
  trainedBlocks,
  wholeNetwork,
} from '../../network/index.js';
import {
  ACTIVATION_BYTES,
  breakEvenStages,
  type CostRates,
  costOf,
  costsByRates,
  costsOfMethod,
  costsOfProfile,
  estimatedRates,
  evenSplits,
  evenSplitsBySeconds,
  frozenPart,
  imagesOfPass,
  inRounds,
  type KnownDevice,
  type LayerCost,
  type MemoryFacts,
  meanParts,
  predictedSpeedUp,
  type StageCost,
  type StepCosts,
  secondsOf,
  serialParts,
  sharedSlots,
  speedUpBound,
  stageCosts,
  stageMemory,
  stageParts,
  stageSeconds,
  variantsOf,
  type Workload,
  withEndToEndShare,
} from '../costs/index.js';
import { optimizerFacts } from '../spec/optimizer.js';
import type { Splits } from './candidates.js';
import { recommend } from './choose.js';
import { compareMethods } from './compare-methods.js';
import { compareSchedules } from './compare-schedules.js';
import { compareLayouts, MAX_STAGES, type Machine, rounded, trainsInParallel } from './layouts.js';
import type { MeasuredRates } from './measured-rates.js';

type Schemas = components['schemas'];

/** A profile of the network of the job, with its batch size. */
export interface KnownProfile {
  readonly on: NonNullable<Schemas['Plan']['profile']>;
  readonly measured: NetworkProfile;
}

export interface PlanOptions extends Machine {
  readonly bytesPerSecond: number;
  readonly roundTripSeconds: number;
  /** Whether nobody gave or measured the link. Absent: it is known. */
  readonly isLinkAssumed?: boolean;
  readonly profile: KnownProfile | null;
  /** Rates measured by tasks of earlier jobs. */
  readonly measured: MeasuredRates | null;
  /** Devices of the workers, by which times in bfloat16 are estimated. Absent: none is known. */
  readonly known?: readonly KnownDevice[];
}

/** The forecast costs of a job. Pure: the same arguments give the same plan. */
export function makePlan(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  options: PlanOptions,
): Omit<Schemas['Plan'], 'link'> {
  const { network: described, stages, rounds } = describeRun(spec, dataset);
  const frozen = frozenFeatures(spec, dataset);
  const network = { ...described, storesFrozen: frozen?.obstacle === null };
  const { method, batch_size: batch } = spec;
  const { profile, measured, bytesPerSecond } = options;
  const estimated = estimatedRates(spec.precision, wholeNetwork(network), options.known ?? []);
  const costs = costsFrom(options, estimated);
  const { stepsPerEpoch, totalSteps, parallelSteps, parallelRounds, warmStartSteps, roundSteps } = rounds;
  const parallel = trainsInParallel(method);
  const max = parallel ? Math.min(MAX_STAGES, trainedBlocks(network).blocks.length) : 1;
  const splitsOf: Splits = (
    other,
    balance,
    most = Math.min(MAX_STAGES, trainedBlocks(network).blocks.length),
  ) => {
    const shallow = shallowestNetwork(spec, dataset, other);
    if (shallow) return splitsWithin(shallow, other, balance, most);
    return profile && balance === 'auto'
      ? evenSplitsBySeconds(network, other, most, costs, batch)
      : evenSplits(network, other, most, balance);
  };
  const even = splitsOf(method, BALANCED_BY_TIME, max);
  const ownIn = (split: readonly number[]) => (split.length === method.stages ? method.split : split);
  const unfrozen = unfrozenPhase(spec, dataset);
  const facts = memoryFacts(spec);
  const changing = inRounds(facts, method, parallelRounds);
  const workOf = (of: NetworkDescription, prices: StepCosts): Workload => ({
    variants: variantsOf(of, method, even.map(ownIn), changing),
    ...{ network: of, batch, stepsPerEpoch, costs: prices, bytesPerSecond },
    memory: changing,
    ...{ rounds: parallelRounds, roundSteps },
    warmStartShare: totalSteps > 0 ? warmStartSteps / totalSteps : 0,
    endToEndShare: totalSteps > 0 ? 1 - (warmStartSteps + parallelSteps) / totalSteps : 0,
    parts: [],
  });
  const partsOf = (own: ResolvedSpec['method']) =>
    partsOfRun({ ...spec, method: own }, dataset).map(({ run, share, factor }) => ({
      network:
        countFrozen(run.network) > 0 ? { ...run.network, storesFrozen: network.storesFrozen } : run.network,
      costs: costsFrom(options, estimated, factor),
      share,
    }));
  const parts = partsOf(method);
  const work: Workload = {
    ...workOf(network, costs),
    parts:
      parts.length > 1
        ? parts.map(({ network: of, costs: theirs, share }) => ({ work: workOf(of, theirs), share }))
        : [],
  };
  const own = stageCosts(method, stages, frozenPart(network), changing);
  const first = stageCosts(method, stages, frozenPart(network), facts);
  const mean = meanParts(
    serialParts(network, costs, batch),
    own.map((cost) => stageParts(cost, method, costs, batch)),
  );
  const prices = { network, partsOf, costs, memory: facts, link: options };
  const methods = compareMethods(spec, dataset, prices, options, splitsOf);
  return {
    object: 'plan',
    source: profile || measured ? 'measured' : 'estimated',
    profile: profile?.on ?? null,
    measured_on: profile ? null : (measured?.on ?? null),
    method: { type: method.type, stages: method.stages },
    batch_size: batch,
    steps_per_epoch: stepsPerEpoch,
    network: toCost(costOf(wholeNetwork(network)), spec),
    stages: stagesOn(options.devices, first, spec, costs),
    frozen_features: frozen && toFrozen(frozen, described, costs, batch),
    unfrozen: unfrozen && toUnfrozen(unfrozen, spec, costs, options.devices),
    pruned: prunedStages(spec, stages, network, costs, options.devices),
    better_split: betterSplit(work, method, own, even[method.stages - 1]),
    speedups: parallel ? speedUps(work) : [],
    speedup_bound: parallel && method.stages > 1 ? finiteOrNull(speedUpBound(mean)) : null,
    break_even_stages: parallel && method.stages > 1 ? breakEvenStages(mean) : null,
    layouts: compareLayouts(work, options),
    methods,
    schedules: compareSchedules(spec, dataset, prices, options.devices, splitsOf),
    recommendation: recommend(methods, options.isLinkAssumed ? bytesPerSecond : null),
  };
}

/** @param factor measured blocks for one block of the network */
function costsFrom({ profile, measured }: PlanOptions, estimated: CostRates, factor = 1): StepCosts {
  if (!profile) return costsByRates(measured?.rates ?? estimated);
  const blocks = profile.measured.blocks.map(({ forward, backward }) => ({
    forward: forward / factor,
    backward: backward / factor,
  }));
  return costsOfProfile({ ...profile.measured, blocks });
}

const BALANCED_BY_TIME = 'auto';

/** Splits that are balanced in a shallower network, by work, whose blocks become `factor` blocks each. */
function splitsWithin(
  { network, factor }: NonNullable<ReturnType<typeof shallowestNetwork>>,
  method: ResolvedSpec['method'],
  balance: Parameters<Splits>[1],
  max: number,
): number[][] {
  const most = Math.min(max, network.blocks.length);
  return evenSplits(network, method, most, balance).map((split) => split.map((blocks) => factor * blocks));
}

function toFrozen(
  { obstacle, bytes }: FrozenFeatures,
  network: NetworkDescription,
  costs: StepCosts,
  batch: number,
): NonNullable<Schemas['Plan']['frozen_features']> {
  const seconds = (storesFrozen: boolean) =>
    secondsOf(serialParts({ ...network, storesFrozen }, costs, batch));
  return {
    stored: obstacle === null,
    obstacle,
    bytes,
    saved_seconds: rounded(seconds(false) - seconds(true)),
  };
}

/** The steps in which blocks that are frozen at first train. */
interface UnfrozenPhase {
  readonly fromEpoch: number;
  readonly network: NetworkDescription;
  readonly stages: readonly StageDescription[];
}

/** Null where frozen blocks never train. */
function unfrozenPhase(spec: ResolvedSpec, dataset: DatasetFacts): UnfrozenPhase | null {
  const fromEpoch = spec.freeze?.until_epoch ?? null;
  if (fromEpoch === null) return null;
  const { network, stages } = describeRun(spec, dataset, null);
  return { fromEpoch, network, stages };
}

function toUnfrozen(
  { fromEpoch, network, stages }: UnfrozenPhase,
  spec: ResolvedSpec,
  costs: StepCosts,
  devices: number,
): NonNullable<Schemas['Plan']['unfrozen']> {
  const own = stageCosts(spec.method, stages, frozenPart(network), memoryFacts(spec));
  return {
    from_epoch: fromEpoch,
    step_seconds: rounded(secondsOf(serialParts(network, costs, spec.batch_size))),
    stages: stagesOn(devices, own, spec, costs),
  };
}

/** The stages after the last removal of channels. Null where none is removed. */
function prunedStages(
  spec: ResolvedSpec,
  stages: readonly StageDescription[],
  network: NetworkDescription,
  costs: StepCosts,
  devices: number,
): Schemas['Plan']['pruned'] {
  const left = stagesLeft(stages, spec.method);
  if (left === null) return null;
  const own = stageCosts(spec.method, left.stages, frozenPart(network), memoryFacts(spec));
  return { from_round: left.fromRound, stages: stagesOn(devices, own, spec, costs) };
}

/** A split must be faster than this factor to be suggested. Smaller differences may be noise of the profile. */
const WORTH_A_CHANGE = 0.97;

/** The balanced split, if it is clearly faster than that of the job. */
function betterSplit(
  { network, batch, costs, memory }: Workload,
  method: ResolvedSpec['method'],
  own: readonly StageCost[],
  even: readonly number[] | undefined,
): Schemas['Plan']['better_split'] {
  if (even === undefined) return null;
  const other = { ...method, split: [...even] };
  const slowest = (stages: readonly StageCost[]) =>
    Math.max(...stages.map((stage) => stageSeconds(stage, method, costs, batch)));
  const seconds = slowest(costsOfMethod(network, other, memory));
  return seconds < WORTH_A_CHANGE * slowest(own)
    ? { split: other.split, step_seconds: rounded(seconds) }
    : null;
}

/** Without other work than their layers, more stages are always faster. */
function finiteOrNull(bound: number): number | null {
  return Number.isFinite(bound) ? rounded(bound) : null;
}

function speedUps(work: Workload): Schemas['PlanSpeedup'][] {
  const { network, costs: prices, batch } = work;
  const serial = serialParts(network, prices, batch);
  return work.variants.map(({ method, costs }) => {
    const parts = costs.map((cost) => stageParts(cost, method, prices, batch));
    const slowest =
      secondsOf(serial) / Math.max(...costs.map((cost) => stageSeconds(cost, method, prices, batch)));
    return {
      stages: method.stages,
      split: method.split,
      equation_27: rounded(predictedSpeedUp(meanParts(serial, parts), method.stages)),
      slowest_stage: rounded(slowest),
      whole_run: rounded(
        method.stages > 1
          ? wholeRun(work, slowest * stageReplicasOf(method), method.end_to_end_replicas)
          : slowest,
      ),
    };
  });
}

/** Speed-up of the whole run, from that of a step in the layer-parallel phase. */
function wholeRun({ warmStartShare, endToEndShare }: Workload, slowest: number, replicas: number): number {
  return withEndToEndShare(slowest, { alone: warmStartShare, shared: endToEndShare, replicas });
}

/** The stages of a job, and which of them share a slot where a pipeline has fewer slots than stages. */
function stagesOn(
  devices: number,
  stages: readonly StageCost[],
  spec: ResolvedSpec,
  costs: StepCosts,
): Schemas['PlanStage'][] {
  const works = stages.map(({ work }) => work);
  const counts = isPipelined(spec.method) ? sharedSlots(works, Math.min(devices, works.length)) : [];
  const slots = counts.flatMap((count, slot) => Array.from({ length: count }, () => slot));
  return stages.map((cost, stage) => ({ ...toStage(cost, stage, spec, costs), slot: slots[stage] ?? null }));
}

function toStage(
  cost: StageCost,
  stage: number,
  spec: ResolvedSpec,
  costs: StepCosts,
): Omit<Schemas['PlanStage'], 'slot'> {
  const { method, batch_size: batch } = spec;
  const orNull = (part: LayerCost) => (part.parameters > 0 ? toCost(part, spec) : null);
  return {
    stage,
    blocks: method.split[stage] ?? 0,
    layers: toCost(cost, spec),
    auxiliary: orNull(cost.auxiliary),
    head: orNull(cost.head),
    auxiliary_share: rounded(cost.auxiliary.multiplyAdds / cost.multiplyAdds),
    memory_bytes: stageMemory(cost, batch, memoryFacts(spec), method, batchesUnderWay(method, stage)),
    step_seconds: rounded(stageSeconds(cost, method, costs, batch)),
  };
}

function toCost(
  { parameters, multiplyAdds, activations }: LayerCost,
  spec: ResolvedSpec,
): Schemas['PlanCost'] {
  const images = imagesOfPass(memoryFacts(spec), spec.batch_size);
  const bytes = activations * images * ACTIVATION_BYTES[spec.precision];
  return { parameters, multiply_adds: multiplyAdds, activation_bytes: bytes };
}

function memoryFacts({ optimizer, precision }: ResolvedSpec): MemoryFacts {
  return { ...optimizerFacts(optimizer), precision };
}
