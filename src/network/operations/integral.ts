import type { IntegralLayer, Layer } from '../layers.js';
import { GRADIENTS, SOLVERS, slopesOf } from '../solvers.js';
import { type Operation, type ParameterSpec, valuesOf } from './operation.js';

/** A training pass is a forward pass and twice as much. */
const FORWARD = 1 / 3;

/** Cost of an integral beside one evaluation of its field, whose layers are counted by themselves. */
export function integralOperation(operationOf: (layer: Layer) => Operation<Layer>): Operation<IntegralLayer> {
  const sum = ({ field }: IntegralLayer, part: 'multiplyAdds' | 'activations') =>
    field.reduce((all, layer) => all + operationOf(layer)[part](layer), 0);
  return {
    parameters: ({ name, learnsTime }) => (learnsTime ? [timeOf(name)] : []),
    multiplyAdds: (layer) => (layer.steps * slopesOf(layer) - 1) * sum(layer, 'multiplyAdds'),
    activations: (layer) => {
      const { fields, states } = keptBy(layer);
      return (fields - 1) * sum(layer, 'activations') + states * valuesOf(layer.output);
    },
    passes: (layer) => {
      const evaluations = trainedEvaluations(layer);
      return {
        multiplyAdds: (evaluations - 1) * sum(layer, 'multiplyAdds'),
        activations: (evaluations - 1) * sum(layer, 'activations') + evaluations * valuesOf(layer.output),
      };
    },
  };
}

function timeOf(name: string): ParameterSpec {
  return { name: `${name}/time`, shape: [1], initializer: { kind: 'constant', value: 1 } };
}

/**
 * Evaluations of a field, and values of the shape of its output, that a training pass keeps. An explicit solver keeps the
 * state at the start of each step and the evaluations of the last one, with their slopes if the time is learned. An implicit
 * one keeps the solution of each step, and makes one evaluation at a time on the way back.
 */
function keptBy(layer: IntegralLayer): { readonly fields: number; readonly states: number } {
  const { steps, solver, learnsTime } = layer;
  if (SOLVERS[solver].isImplicit) return { fields: 1, states: steps + 1 };
  const fields = slopesOf(layer);
  return { fields, states: steps + fields - 1 + (learnsTime ? fields : 0) };
}

/** Evaluations of a training step, each counted with its backward pass. */
function trainedEvaluations(layer: IntegralLayer): number {
  const { steps, solver, gradient } = layer;
  const slopes = slopesOf(layer);
  return SOLVERS[solver].isImplicit
    ? steps * (FORWARD * slopes + GRADIENTS[gradient].terms)
    : slopes * (steps + FORWARD * (steps - 1));
}
