import type { components } from '../../contract/generated/openapi.js';
import type { DatasetFacts, ResolvedMethod, ResolvedSpec } from '../../contract/spec.js';
import {
  batchesUnderWay,
  isPipelined,
  outerOf,
  type Rounds,
  roundsOf,
  stageReplicasOf,
  streamBytesPerValue,
  vectorsToJoin,
} from '../../method/index.js';
import type { NetworkDescription } from '../../network/index.js';
import {
  auxiliaryBytes,
  costsOfMethod,
  inRounds,
  type MemoryFacts,
  meanOver,
  messageBytes,
  roundValues,
  type StageCost,
  type StepCosts,
  secondsAgain,
  secondsOf,
  serialParts,
  stageMemory,
  stageSeconds,
  stateValues,
  wholeCost,
} from '../costs/index.js';
import { judge, type Trained } from './accuracy.js';
import { candidates, type Splits } from './candidates.js';
import { type Compared, reasoned } from './choose.js';
import { costInRounds } from './methods/in-rounds.js';
import { joinedCost } from './methods/joined.js';
import type { Link, TrainingCost } from './methods/link.js';
import { pipelinedCost } from './methods/pipelined.js';

type PlanChoice = components['schemas']['PlanChoice'];

const FLOAT = 4;

/** Facts by which every way to train is priced. */
export interface Prices {
  readonly network: NetworkDescription;
  /** The parts of a run by a method of the job, in each of which it trains one network. */
  readonly partsOf: (method: ResolvedMethod) => readonly PricedPart[];
  readonly costs: StepCosts;
  readonly memory: MemoryFacts;
  readonly link: Link;
}

/** A part of a run, with the times of its layers and its share of the steps. */
export interface PricedPart {
  readonly network: NetworkDescription;
  readonly costs: StepCosts;
  readonly share: number;
}

export interface ComparedDevices {
  readonly devices: number;
  readonly memoryBytes: number | null;
}

/** The best way to train by each method, the recommended one first. */
export function compareMethods(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  prices: Prices,
  { devices, memoryBytes }: ComparedDevices,
  splits: Splits,
): PlanChoice[] {
  const all = candidates(spec, dataset, devices, splits).map((method) =>
    priced({ ...spec, method }, dataset, prices, memoryBytes),
  );
  return reasoned(all, memoryBytes);
}

function priced(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  prices: Prices,
  memoryBytes: number | null,
): Compared {
  const { method } = spec;
  const { seconds, bytes, memory } = neededBy(spec, dataset, prices);
  const way = trainedBy(method);
  const { accuracy, epochs } = judge(way);
  return {
    ...{ way, method, seconds, accuracy, memory, bytes },
    equalSeconds: seconds * epochs,
    fits: memoryBytes === null || memory <= memoryBytes,
  };
}

type Needed = Pick<Compared, 'seconds' | 'bytes' | 'memory'>;

/** Cost of the whole run, from that of its parts. */
function neededBy(spec: ResolvedSpec, dataset: DatasetFacts, prices: Prices): Needed {
  const parts = prices.partsOf(spec.method).map(({ network, costs, share }) => ({
    share,
    ...neededWith(network, spec, dataset, { ...prices, costs }),
  }));
  return {
    seconds: meanOver(parts, ({ seconds }) => seconds),
    bytes: meanOver(parts, ({ bytes }) => bytes),
    memory: Math.max(...parts.map(({ memory }) => memory)),
  };
}

/** Cost of the whole run if all its steps had this network. */
function neededWith(
  network: NetworkDescription,
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  prices: Prices,
): Needed {
  const { method } = spec;
  const { costs: rates } = prices;
  const rounds = roundsOf(spec, dataset);
  const stages = costsOfMethod(network, method, inRounds(prices.memory, method, rounds.parallelRounds));
  const whole = wholeCost(network, prices.memory);
  const joinedSeconds =
    secondsOf(serialParts(network, rates, spec.batch_size)) +
    secondsAgain(whole, { ...method, stages: 1 }, rates, spec.batch_size);
  const apart = method.stages > 1 ? stagedCost(spec, rounds, stages, prices) : NOTHING;
  const joined = joinedParts(method, rounds).map(({ steps, replicas }) =>
    joinedCost(
      {
        ...{ steps, replicas, stepSeconds: joinedSeconds, roundSteps: rounds.roundSteps },
        stateBytes: FLOAT * (whole.parameters + stateValues(whole, prices.memory)),
        outerBytes: FLOAT * vectorsToJoin(method) * whole.parameters,
      },
      prices.link,
    ),
  );
  const parts = [apart, ...joined];
  const needed = [
    ...(method.stages > 1 ? stages : []).map((cost, stage) =>
      stageMemory(cost, spec.batch_size, prices.memory, method, batchesUnderWay(method, stage)),
    ),
    ...(joined.length > 0
      ? [stageMemory(whole, spec.batch_size, prices.memory, { ...method, stages: 1 })]
      : []),
  ];
  return {
    seconds: sum(parts.map((part) => part.seconds)),
    bytes: sum(parts.map((part) => part.bytes)),
    memory: Math.max(...needed),
  };
}

const NOTHING: TrainingCost = { seconds: 0, bytes: 0 };

/** The phase in which the stages train apart. */
export function stagedCost(
  { method, batch_size: batch }: ResolvedSpec,
  { parallelSteps: steps, roundSteps, stageReplicas: replicas }: Rounds,
  stages: readonly StageCost[],
  { costs, link, memory }: Prices,
): TrainingCost {
  const seconds = stages.map((cost) => stageSeconds(cost, method, costs, batch));
  if (!isPipelined(method)) {
    const sentBytes = stages.map(
      (cost) => batch * messageBytes(method, cost) + auxiliaryBytes(method, cost, replicas) / roundSteps,
    );
    const stateBytes = stages.map((cost) => FLOAT * roundValues(cost, memory));
    const each = { stageSeconds: seconds, sentBytes, stateBytes };
    return costInRounds({ steps, roundSteps, replicas, ...each }, link);
  }
  const boundaryBytes = stages
    .slice(0, -1)
    .map(({ boundary }) => batch * streamBytesPerValue(method) * boundary);
  return pipelinedCost({ steps, roundSteps, stageSeconds: seconds, boundaryBytes }, link);
}

/** The phases in which every device that takes part has the whole network. */
function joinedParts(
  { stages }: ResolvedMethod,
  { totalSteps, warmStartSteps, parallelSteps, endToEndReplicas: replicas }: Rounds,
): { steps: number; replicas: number }[] {
  const last = totalSteps - warmStartSteps - parallelSteps;
  const alone = stages === 1 ? warmStartSteps + parallelSteps : warmStartSteps;
  return [
    { steps: alone, replicas: 1 },
    { steps: last, replicas },
  ].filter(({ steps }) => steps > 0);
}

function trainedBy(method: ResolvedMethod): Trained {
  const { type, stages, end_to_end_share: share, end_to_end_replicas: replicas } = method;
  const stageReplicas = stageReplicasOf(method);
  const outer = outerOf(method) !== null;
  return { method: type, stages, replicas, stageReplicas, outer, joined: stages > 1 && share > 0 };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
