import { JOB_DEFAULTS } from '../../contract/generated/defaults.js';
import type { components } from '../../contract/generated/openapi.js';
import type { DatasetFacts, ResolvedMethod, ResolvedSpec } from '../../contract/spec.js';
import { batchesUnderWay, MIN_PART, methodsWith, roundsOf } from '../../method/index.js';
import { trainedBlocks } from '../../network/index.js';
import { costsOfMethod, inRounds, type StageCost, stageMemory, stageSeconds } from '../costs/index.js';
import { chimera } from '../schedules/chimera.js';
import {
  gpipe,
  interleaved,
  oneForwardOneBackward,
  type Schedule,
  zeroBubble,
} from '../schedules/schedule.js';
import { methodsOfStages, type Splits } from './candidates.js';
import { type Prices, stagedCost } from './compare-methods.js';
import { MAX_STAGES, rounded } from './layouts.js';
import { costOfSchedule, type PipelinedParts, type ScheduledCost } from './methods/scheduled.js';

type PlanSchedule = components['schemas']['PlanSchedule'];

/** Micro-batches for each device; the first that leaves enough images in each of them. */
const PER_DEVICE = [4, 2, 1] as const;
const CHUNKS = 2;

/**
 * Steps of a job by published schedules of pipelines on the same devices, beside the methods of Strata that train as many
 * stages at once; the fastest first. Empty where a batch or a network is too small to be cut.
 */
export function compareSchedules(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  prices: Prices,
  devices: number,
  splits: Splits,
): PlanSchedule[] {
  const stages = Math.min(devices, MAX_STAGES, trainedBlocks(prices.network).blocks.length);
  const perDevice = PER_DEVICE.find((count) => spec.batch_size / (count * stages) >= MIN_PART);
  if (stages < 2 || perDevice === undefined) return [];
  const micro = perDevice * stages;
  const partsOf = (count: number): PipelinedParts | null => {
    const cut = cutInto(count, spec, prices, splits);
    return cut && { ...cut, micro, batch: spec.batch_size };
  };
  const published = SCHEDULES.flatMap(({ name, chunks, make }) => {
    const parts = partsOf(stages * chunks);
    const schedule = parts && make(stages, micro);
    return schedule ? [toRow(name, micro, stages, costOfSchedule(schedule, parts, prices))] : [];
  });
  const own = methodsOfStages(spec, dataset, stages, splits).flatMap((method) =>
    ofMethod({ ...spec, method }, dataset, prices),
  );
  return [...published, ...own].sort((a, b) => a.step_seconds - b.step_seconds);
}

interface Published {
  readonly name: string;
  /** Parts of the network on each device, beside a second copy of it. */
  readonly chunks: number;
  /** Null for numbers of devices that it has no schedule for. */
  make(devices: number, micro: number): Schedule | null;
}

const SCHEDULES: readonly Published[] = [
  { name: 'gpipe', chunks: 1, make: gpipe },
  { name: '1f1b', chunks: 1, make: oneForwardOneBackward },
  { name: 'interleaved-1f1b', chunks: CHUNKS, make: (devices, micro) => interleaved(devices, micro, CHUNKS) },
  { name: 'zero-bubble-h1', chunks: 1, make: zeroBubble },
  {
    name: 'chimera',
    chunks: 1,
    make: (devices, micro) => (devices % 2 === 0 ? chimera(devices, micro) : null),
  },
];

/** The network in even parts, with true features between them; null if it cannot be cut into so many. */
function cutInto(
  count: number,
  { method: own }: ResolvedSpec,
  { network }: Prices,
  splits: Splits,
): { readonly method: ResolvedMethod; readonly costs: readonly StageCost[] } | null {
  const [type = own.type] = methodsWith((method) => method.isPipelined === true);
  // No AuxNets: those of the job may not reach the inputs of so many parts.
  const { auxiliary } = JOB_DEFAULTS.method;
  const whole = { ...own, type, auxiliary, stages: count, memory: null };
  const split = splits(whole, 'auto')[count - 1];
  if (split?.length !== count) return null;
  const method = { ...whole, split: [...split] };
  return { method, costs: costsOfMethod(network, method) };
}

/** Nothing for a job that trains end to end in all its steps. */
function ofMethod(spec: ResolvedSpec, dataset: DatasetFacts, prices: Prices): PlanSchedule[] {
  const { method, batch_size: batch } = spec;
  const { network, memory, costs: rates } = prices;
  const rounds = roundsOf(spec, dataset);
  const stages = costsOfMethod(network, method, inRounds(memory, method, rounds.parallelRounds));
  if (rounds.parallelSteps === 0) return [];
  const seconds = stagedCost(spec, rounds, stages, prices).seconds / rounds.parallelSteps;
  const busy = stages.reduce((sum, cost) => sum + stageSeconds(cost, method, rates, batch), 0);
  const needs = stages.map((cost, stage) => {
    const underWay = batchesUnderWay(method, stage);
    const weights = stageMemory(cost, 0, memory, method, underWay);
    return { weights, activations: stageMemory(cost, batch, memory, method, underWay) - weights };
  });
  const bubble = 1 - busy / (stages.length * seconds);
  return [toRow(method.type, 1, stages.length, { seconds, needs, bubble })];
}

function toRow(
  name: string,
  micro: number,
  stages: number,
  { seconds, bubble, needs }: ScheduledCost,
): PlanSchedule {
  const total = ({ weights, activations }: ScheduledCost['needs'][number]) => weights + activations;
  const most = needs.reduce((a, b) => (total(b) > total(a) ? b : a));
  return {
    name,
    offered: methodsWith(() => true).some((type) => type === name),
    stages,
    micro_batches: micro,
    step_seconds: rounded(seconds),
    bubble_share: rounded(Math.max(0, bubble)),
    memory_bytes: Math.round(total(most)),
    weight_bytes: Math.round(most.weights),
    activation_bytes: Math.round(most.activations),
  };
}
