import { describeNetwork, parameterCount, wholeNetwork } from '../../src/network/index.js';
import { stageMemory } from '../../src/planning/costs/device-layouts.js';
import { costOf, NO_STAGE } from '../../src/planning/costs/index.js';
import { NO_MESSAGES } from '../activations/network.js';
import { CLASSES, INTEGRALS } from '../step/workload.js';

/** Size of a network of the contest and the memory of a plan, trained by SGD with momentum. */
export interface Planned {
  readonly parameters: number;
  /** Work of a step: time is in proportion to it. */
  readonly work: number;
  readonly memoryMb: number;
}

const METHOD = { type: 'backprop', stages: 1, corrections: NO_MESSAGES } as const;

export const INTEGRAL_NAMES = Object.keys(INTEGRALS);

export function planned(name: string): Planned {
  const { model, batch, side } = INTEGRALS[name]!;
  const layers = wholeNetwork(describeNetwork(model, { height: side, width: side, channels: 3 }, CLASSES));
  const cost = { ...NO_STAGE, ...costOf(layers) };
  const facts = {
    optimizerVectors: 1,
    factorInterval: null,
    accumulatedParts: 1,
    precision: 'float32',
  } as const;
  return {
    parameters: parameterCount(layers),
    work: cost.work,
    memoryMb: stageMemory(cost, batch, facts, METHOD) / 2 ** 20,
  };
}
