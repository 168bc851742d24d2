import { FACTOR_IMAGES, type FactorWork } from '../../network/factors.js';
import { imagesOfPass, type MemoryFacts, type PassFacts } from './pass-facts.js';
import type { LayerRange, StepCosts } from './step-costs.js';

// Costs of Kronecker factors (docs/method.md, "Kronecker factors"): 0 for optimizers without them.

const FLOAT = 4;

/** Factors of some layers. */
export interface FactorCost {
  /** Values of the Kronecker factors of its trained kernels, and of the patches of one image in the layer with most. */
  readonly factors: number;
  readonly factorPatches: number;
  readonly factorWork: FactorWork;
}

/** Factors of a stage, and its blocks, whose forward pass says how long a multiply-add takes. */
interface StageFactors extends FactorCost, Pick<LayerRange, 'start' | 'end'> {
  readonly auxiliary: FactorCost;
  readonly head: FactorCost;
  readonly frozenBlocks: number;
  readonly trainedWork: number;
  readonly passes: PassFacts;
}

/** Bytes of means, inverses and the estimates of a batch, with the patches that one of these is made of. */
export function factorBytes(
  cost: Pick<StageFactors, keyof FactorCost | 'auxiliary' | 'head'>,
  facts: PassFacts,
  batch: number,
): number {
  if (facts.factorInterval === null) return 0;
  const all = [cost, cost.auxiliary, cost.head];
  const patches = Math.max(...all.map(({ factorPatches }) => factorPatches));
  const images = Math.min(imagesOfPass(facts, batch), FACTOR_IMAGES);
  return FLOAT * (3 * all.reduce((sum, { factors }) => sum + factors, 0) + images * patches);
}

/** Values of the means and inverses in the optimizer's state of some layers. */
export function factorStateValues(
  { factors }: Pick<FactorCost, 'factors'>,
  { factorInterval }: Pick<MemoryFacts, 'factorInterval'>,
): number {
  return factorInterval === null ? 0 : 2 * factors;
}

/**
 * Seconds of a step for the Kronecker factors of a stage: an estimate and its inverses each `factorInterval`-th update,
 * and the products of every gradient. A multiply-add of them takes as long as one of the stage's forward pass.
 */
export function factorSeconds(cost: StageFactors, costs: StepCosts, batch: number): number {
  const { factorInterval: interval } = cost.passes;
  if (interval === null || cost.trainedWork === 0) return 0;
  const { start, end, frozenBlocks, trainedWork } = cost;
  const { forward } = costs.layers({ work: trainedWork, start: start + frozenBlocks, end });
  const images = Math.min(FACTOR_IMAGES, imagesOfPass(cost.passes, batch));
  const all = [cost, cost.auxiliary, cost.head].map(({ factorWork: own }) => own);
  const work = all.reduce(
    (sum, own) => sum + own.apply + (images * own.estimate + own.inverse) / interval,
    0,
  );
  return (forward / trainedWork) * work;
}
