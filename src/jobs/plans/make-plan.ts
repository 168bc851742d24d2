import type { components } from '../../contract/generated/openapi.js';
import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import {
  breakEvenStages,
  costOf,
  describeRun,
  ESTIMATED_RATES,
  type LayerCost,
  meanParts,
  predictedSpeedUp,
  type StageCost,
  type StepParts,
  secondsOf,
  serialParts,
  speedUpBound,
  stageCosts,
  stageMemory,
  stageParts,
  unevenSpeedUp,
  variantsOf,
  type Workload,
  wholeNetwork,
  withEndToEndShare,
} from '../../network/index.js';
import {
  compareLayouts,
  type Machine,
  MOST_STAGES,
  recommend,
  rounded,
  trainsInParallel,
} from './layouts.js';
import type { MeasuredRates } from './measured-rates.js';

type Schemas = components['schemas'];

export interface PlanOptions extends Machine {
  readonly bytesPerSecond: number;
  readonly measured: MeasuredRates | null;
}

const FLOAT_BYTES = 4;

/** What a job would cost. Pure: the same arguments give the same plan. */
export function makePlan(spec: ResolvedSpec, dataset: DatasetFacts, options: PlanOptions): Schemas['Plan'] {
  const { network, stages, rounds } = describeRun(spec, dataset);
  const { method, batch_size: batch } = spec;
  const rates = options.measured?.rates ?? ESTIMATED_RATES;
  const { stepsPerEpoch, totalSteps, parallelSteps, parallelRounds } = rounds;
  const parallel = trainsInParallel(method);
  const most = parallel ? Math.min(MOST_STAGES, network.blocks.length) : 1;
  const work: Workload = {
    variants: variantsOf(network, method, most),
    ...{ network, batch, stepsPerEpoch, rates, bytesPerSecond: options.bytesPerSecond },
    rounds: parallelRounds,
    jointShare: totalSteps > 0 ? 1 - parallelSteps / totalSteps : 0,
  };
  const costs = stageCosts(method, stages);
  const parts = costs.map((cost) => stageParts(cost, method, rates, batch));
  const mean = meanParts(serialParts(network, rates, batch), parts);
  const layouts = compareLayouts(work, options);
  return {
    object: 'plan',
    source: options.measured ? 'measured' : 'estimated',
    measured_on: options.measured?.on ?? null,
    method: { type: method.type, stages: method.stages },
    batch_size: batch,
    steps_per_epoch: stepsPerEpoch,
    network: toCost(costOf(wholeNetwork(network)), batch),
    stages: costs.map((cost, index) => toStage(cost, index, spec, parts[index]!)),
    speedups: parallel ? speedUps(work) : [],
    speedup_bound: parallel && method.stages > 1 ? rounded(speedUpBound(mean)) : null,
    break_even_stages: parallel && method.stages > 1 ? breakEvenStages(mean) : null,
    layouts,
    recommendation: recommend(layouts),
  };
}

function speedUps(work: Workload): Schemas['PlanSpeedup'][] {
  const { network, rates, batch } = work;
  const serial = serialParts(network, rates, batch);
  return work.variants.map(({ method, costs }) => {
    const parts = costs.map((cost) => stageParts(cost, method, rates, batch));
    const slowest = unevenSpeedUp(serial, parts);
    const jointShare = method.stages > 1 ? work.jointShare : 0;
    return {
      stages: method.stages,
      split: method.split,
      equation_27: rounded(predictedSpeedUp(meanParts(serial, parts), method.stages)),
      slowest_stage: rounded(slowest),
      whole_run: rounded(withEndToEndShare(slowest, jointShare)),
    };
  });
}

function toStage(
  cost: StageCost,
  stage: number,
  { method, batch_size: batch }: ResolvedSpec,
  parts: StepParts,
): Schemas['PlanStage'] {
  const orNull = (part: LayerCost) => (part.parameters > 0 ? toCost(part, batch) : null);
  return {
    stage,
    blocks: method.split[stage] ?? 0,
    layers: toCost(cost, batch),
    auxiliary: orNull(cost.auxiliary),
    head: orNull(cost.head),
    auxiliary_share: rounded(cost.auxiliary.multiplyAdds / cost.multiplyAdds),
    memory_bytes: stageMemory(cost, batch),
    step_seconds: rounded(secondsOf(parts)),
  };
}

function toCost({ parameters, multiplyAdds, activations }: LayerCost, batch: number): Schemas['PlanCost'] {
  return { parameters, multiply_adds: multiplyAdds, activation_bytes: activations * batch * FLOAT_BYTES };
}
