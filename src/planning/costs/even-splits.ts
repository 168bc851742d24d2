import type { ResolvedMethod } from '../../contract/spec.js';
import { describeMethod } from '../../method/methods.js';
import { reachingAuxiliary } from '../../network/auxiliary.js';
import { layersOfRange, type NetworkDescription } from '../../network/description.js';
import { countFolded } from '../../network/frozen.js';
import { headLayers, localHead } from '../../network/heads.js';
import { type Balance, balancedBy, balancedSplits, type PartCounts, withFrozen } from './split.js';
import {
  costOf,
  frozenPart,
  type LayerCost,
  NO_COST,
  NO_STAGE,
  type StageCost,
  stageSeconds,
  valuesOf,
} from './stage-costs.js';
import type { StepCosts } from './step-costs.js';

/**
 * Splits into 1 to `max` stages with balanced work, or another balance, as `split: auto` divides. @throws RangeError if
 * `max` exceeds the number of blocks
 */
export function evenSplits(
  network: NetworkDescription,
  method: ResolvedMethod,
  max: number,
  balance: Balance = 'auto',
): number[][] {
  const { auxiliary } = method;
  const { hasAuxiliaries, hasHeads } = describeMethod(method);
  return balancedSplits(network, max, hasAuxiliaries ? auxiliary.cost_share : 0, {
    ...(hasAuxiliaries && { size: auxiliary }),
    heads: hasHeads ? method.heads : null,
    balance,
  });
}

/**
 * The same, balanced by the seconds of a step on `batch` images. @throws RangeError if `most` exceeds the number of
 * blocks
 */
export function evenSplitsBySeconds(
  network: NetworkDescription,
  method: ResolvedMethod,
  max: number,
  costs: StepCosts,
  batch: number,
): number[][] {
  const frozen = countFolded(network);
  const counts = secondsByPart(network, method, costs, batch);
  return withFrozen(balancedBy(ofTrained(counts, frozen), max), frozen);
}

/** The parts of a network whose first blocks are frozen, and belong to the first stage. */
function ofTrained({ upTo, starting, ending }: PartCounts, frozen: number): PartCounts {
  if (frozen === 0) return { upTo, starting, ending };
  const [, ...later] = upTo.slice(frozen);
  return {
    upTo: [0, ...later],
    starting: [0, ...starting.slice(frozen + 1)],
    ending: [0, ...ending.slice(frozen + 1)],
  };
}

function secondsByPart(
  network: NetworkDescription,
  method: ResolvedMethod,
  costs: StepCosts,
  batch: number,
): PartCounts {
  const { hasAuxiliaries, penalty, hasHeads } = describeMethod(method);
  const seconds = (part: Partial<StageCost>) => stageSeconds({ ...NO_STAGE, ...part }, method, costs, batch);
  const { frozenBlocks, storedValues } = frozenPart(network);
  let before = { ...NO_COST };
  const counts = network.blocks.map(({ input }, boundary) => {
    if (boundary === 0) return { upTo: 0, starting: 0, ending: 0 };
    before = added(before, costOf(layersOfRange(network, boundary - 1, boundary)));
    const budget = method.auxiliary.cost_share * before.multiplyAdds;
    const auxiliary = hasAuxiliaries
      ? costOf(reachingAuxiliary(network, boundary, budget, method.auxiliary))
      : NO_COST;
    const head = hasHeads ? headOf(network, boundary, method) : NO_COST;
    const place = { start: boundary, end: boundary };
    const values = valuesOf(input);
    return {
      upTo: seconds({
        ...before,
        start: 0,
        end: boundary,
        frozenBlocks: Math.min(frozenBlocks, boundary),
        storedValues,
      }),
      starting: seconds({ ...place, auxiliary, inputBoundary: values }),
      ending: seconds({
        ...{ ...place, head, boundary: values },
        downstream: penalty ? auxiliary : NO_COST,
      }),
    };
  });
  const all = costOf(layersOfRange(network, 0, network.blocks.length));
  return {
    upTo: [
      ...counts.map(({ upTo }) => upTo),
      seconds({ ...all, start: 0, end: network.blocks.length, frozenBlocks, storedValues }),
    ],
    starting: counts.map(({ starting }) => starting),
    ending: counts.map(({ ending }) => ending),
  };
}

function headOf(network: NetworkDescription, boundary: number, { heads }: ResolvedMethod): LayerCost {
  return costOf(headLayers({ head: localHead(network, boundary, boundary, heads.decoder) }));
}

function added(a: LayerCost, b: LayerCost): LayerCost {
  return {
    parameters: a.parameters + b.parameters,
    multiplyAdds: a.multiplyAdds + b.multiplyAdds,
    activations: a.activations + b.activations,
    largest: Math.max(a.largest, b.largest),
    work: a.work + b.work,
    trainedParameters: a.trainedParameters + b.trainedParameters,
    trainedWork: a.trainedWork + b.trainedWork,
    trainedTensors: a.trainedTensors + b.trainedTensors,
    factors: a.factors + b.factors,
    factorPatches: Math.max(a.factorPatches, b.factorPatches),
    factorWork: {
      estimate: a.factorWork.estimate + b.factorWork.estimate,
      inverse: a.factorWork.inverse + b.factorWork.inverse,
      apply: a.factorWork.apply + b.factorWork.apply,
    },
  };
}
