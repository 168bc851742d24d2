import { evaluationOf, type IntegralLayer, SOLVERS, termsOf } from '../../../network/index.js';
import { tf } from '../../runtime/index.js';
import type { InferenceIntegral } from '../inference-layers.js';
import { FLOAT } from '../writers/graph-writer.js';
import { type Symbolic, tfName } from '../writers/layers-writer.js';
import type { ExportOperation, Lower } from './operation.js';

/** Every evaluation of the field by itself, with the factors of its sums. Kernels stay shared (`weights` of a convolution). */
export const lowerIntegral: Lower<IntegralLayer> = (layer, { value, path }) => {
  const solver = SOLVERS[layer.solver];
  const time = layer.learnsTime ? value('time')[0]! : 1;
  const factors = (coefficients: readonly number[]) =>
    coefficients.map((coefficient) => Math.fround(time * Math.fround(coefficient / layer.steps)));
  const steps = Array.from({ length: layer.steps }, (_, step) => ({
    slopes: solver.before.map((before, slope) => ({
      before: factors(before),
      layers: path(evaluationOf(layer, step, slope)),
    })),
    weights: factors(solver.weights),
  }));
  const { op, name, output } = layer;
  return [{ op, name, channels: output.channels, steps }];
};

export const integral: ExportOperation<'integral'> = {
  graph: (layer, input, graph) =>
    written(layer, input, {
      path: (layers, from) => graph.path(layers, from),
      scaled: (name, factor, slope) =>
        graph.node(
          'Mul',
          name,
          [slope, graph.constant(`${name}/factor`, [], Float32Array.of(factor))],
          FLOAT,
        ),
      sum: (name, state, term) => graph.node('AddV2', name, [state, term], FLOAT),
    }),
  layers: (layer, input, model) =>
    written<Symbolic>(layer, input, {
      path: (layers, from) => model.path(layers, from),
      scaled: (name, factor, slope) =>
        model.scale(name, filled(layer.channels, factor), filled(layer.channels, 0), slope),
      sum: (name, state, term) => tf.layers.add({ name: tfName(name) }).apply([state, term]) as Symbolic,
    }),
  onnx: (layer, input, graph) =>
    written(layer, input, {
      path: (layers, from) => graph.path(layers, from),
      scaled: (name, factor, slope) =>
        graph.node('Mul', name, [slope, graph.weight(`${name}/factor`, [], Float32Array.of(factor))]),
      sum: (name, state, term) => graph.node('Add', name, [state, term]),
    }),
  tensors: () => ({}),
  describe: ({ channels, steps }, path) => ({
    channels,
    steps: steps.map(({ slopes, weights }) => ({
      slopes: slopes.map(({ before, layers }) => ({ before, layers: path(layers) })),
      weights,
    })),
  }),
  read: ({ op, name, channels, steps }, reader) => ({
    op,
    name,
    channels,
    steps: steps.map(({ slopes, weights }) => ({
      slopes: slopes.map(({ before, layers }) => ({ before, layers: reader.path(layers) })),
      weights,
    })),
  }),
};

const filled = (length: number, value: number): Float32Array => new Float32Array(length).fill(value);

/** Operations of a format on the values of an integral. */
interface Writer<X> {
  path(layers: InferenceIntegral['steps'][number]['slopes'][number]['layers'], input: X): X;
  scaled(name: string, factor: number, slope: X): X;
  sum(name: string, state: X, term: X): X;
}

/** The steps in order, as the trainer computes them. */
function written<X>({ name, steps }: InferenceIntegral, input: X, writer: Writer<X>): X {
  const moved = (place: string, state: X, factors: readonly number[], slopes: readonly X[]): X =>
    termsOf(factors, slopes, 1).reduce(
      (sum, { factor, slope }, term) =>
        writer.sum(`${place}/sum${term}`, sum, writer.scaled(`${place}/term${term}`, factor, slope)),
      state,
    );
  return steps.reduce((state, { slopes, weights }, step) => {
    const at = `${name}/step${step}`;
    const found: X[] = [];
    slopes.forEach(({ before, layers }, slope) => {
      found.push(writer.path(layers, moved(`${at}/slope${slope}`, state, before, found)));
    });
    return moved(at, state, weights, found);
  }, input);
}
