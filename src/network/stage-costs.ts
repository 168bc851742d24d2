import { activations, multiplyAdds, parameterCount, work } from './cost.js';
import type { CostRates } from './cost-rates.js';
import type { NetworkDescription } from './description.js';
import { wholeNetwork } from './description.js';
import { headLayers } from './heads.js';
import type { Layer } from './layers.js';
import { describeMethod, type StagedMethod } from './methods.js';
import type { StepParts } from './speedup.js';
import type { StageDescription } from './stages.js';

/** What some layers hold and compute, per image where a pass is meant. */
export interface LayerCost {
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Values that a training pass keeps. */
  readonly activations: number;
  /** What its time grows with (cost.ts). */
  readonly work: number;
}

export interface StageCost extends LayerCost {
  /** Of the AuxNet and the local head that it trains beside its layers; zeros where it has none. */
  readonly auxiliary: LayerCost;
  readonly head: LayerCost;
  /** Of the next stage's AuxNet, which makes what this one is coupled to; zeros without a coupling. */
  readonly downstream: LayerCost;
  /** Values of what it hands to the next stage, an image; 0 for the last. */
  readonly boundary: number;
}

export function costOf(layers: readonly Layer[]): LayerCost {
  return {
    parameters: parameterCount(layers),
    multiplyAdds: multiplyAdds(layers),
    activations: activations(layers),
    work: work(layers),
  };
}

export function stageCosts(method: StagedMethod, stages: readonly StageDescription[]): StageCost[] {
  const { hasCoupling } = describeMethod(method);
  return stages.map((stage, index) => {
    const next = stages[index + 1];
    return {
      ...costOf(stage.layers),
      auxiliary: costOf(stage.auxiliary ?? []),
      head: costOf(headLayers(stage)),
      downstream: costOf((hasCoupling && next?.auxiliary) || []),
      boundary: next ? next.input.height * next.input.width * next.input.channels : 0,
    };
  });
}

/** Seconds of a stage's step on `batch` images. The loss of a local head counts as the coupling does: it takes its place. */
export function stageParts(
  cost: StageCost,
  method: StagedMethod,
  rates: CostRates,
  batch: number,
): StepParts {
  const { forward, backward, coupling, update, data } = rates;
  const trained = (layers: LayerCost) => backward * layers.work * batch + update * layers.parameters;
  const coupled = describeMethod(method).hasCoupling ? coupling * cost.boundary * batch : 0;
  const heard = forward * (cost.downstream.work + cost.head.work) * batch;
  return {
    data: data * batch,
    forward: forward * cost.work * batch,
    backward: trained(cost),
    coupling: coupled + heard + trained(cost.head),
    auxiliaryForward: forward * cost.auxiliary.work * batch,
    auxiliaryBackward: trained(cost.auxiliary),
  };
}

/** Seconds of a step of the whole network on one device. */
export function serialParts(network: NetworkDescription, rates: CostRates, batch: number): StepParts {
  const { work, parameters } = costOf(wholeNetwork(network));
  return {
    data: rates.data * batch,
    forward: rates.forward * work * batch,
    backward: rates.backward * work * batch + rates.update * parameters,
    coupling: 0,
    auxiliaryForward: 0,
    auxiliaryBackward: 0,
  };
}

/** The serial step with what the stages do beside it on average: the parts of equation 27. */
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
