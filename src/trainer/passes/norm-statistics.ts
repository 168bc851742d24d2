import { flatten, type Layer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, read, type Tensor, upload } from '../runtime/index.js';
import { inferPass } from './infer-pass.js';
import { type NamedTensors, type NormRule, parameter, rectified } from './pass.js';

/** Mean and variance of every batch norm by layer name, [c] each. A network needs them to process single images. */
export type Statistics = ReadonlyMap<
  string,
  { readonly mean: Float32Array; readonly variance: Float32Array }
>;

/**
 * Estimates the statistics of the whole chain as averages over batches. Each layer gets the current outputs of the
 * layers before it. Training keeps no moving averages, because those of a stage would describe the outputs of its
 * AuxNet and not the true features ("Precise BatchNorm", Wu and Johnson, arXiv:2105.07576; docs/adr/0006).
 */
export class StatisticsEstimate {
  readonly #sums: Sums = new Map();
  #batches = 0;

  constructor(
    private readonly layers: readonly Layer[],
    private readonly weights: NamedTensors,
  ) {}

  /** @param images [B,H,W,C]; the caller owns them */
  add(images: Tensor): void {
    free(inferPass(this.layers, images, this.weights, collectingRule(this.weights, this.#sums)));
    this.#batches++;
  }

  statistics(): Statistics {
    const average = (sum: Float64Array) => Float32Array.from(sum, (value) => value / this.#batches);
    return new Map(
      [...this.#sums].map(([name, { mean, variance }]) => [
        name,
        { mean: average(mean), variance: average(variance) },
      ]),
    );
  }
}

type Sums = Map<string, { mean: Float64Array; variance: Float64Array }>;

function collectingRule(weights: NamedTensors, sums: Sums): NormRule {
  return (layer, features) => {
    const { output, batchMean, batchVariance, reserved } = kernels.batchNormRelu(
      features,
      parameter(weights, `${layer.name}/gamma`),
      parameter(weights, `${layer.name}/beta`),
      layer.relu,
    );
    const channels = layer.output.channels;
    const sum = sums.get(layer.name) ?? {
      mean: new Float64Array(channels),
      variance: new Float64Array(channels),
    };
    addTo(sum.mean, read(batchMean));
    addTo(sum.variance, read(batchVariance));
    sums.set(layer.name, sum);
    free(batchMean, batchVariance, ...reserved);
    return output;
  };
}

function addTo(sum: Float64Array, values: Float32Array): void {
  for (let index = 0; index < sum.length; index++) sum[index]! += values[index]!;
}

/** Uploads the statistics to the device for inference. `dispose` frees them. */
export function inferenceRule(
  layers: readonly Layer[],
  weights: NamedTensors,
  statistics: Statistics,
): { rule: NormRule; dispose: () => void } {
  const tensors = new Map(
    flatten(layers)
      .filter((layer) => layer.op === 'norm')
      .map(({ name }) => {
        const found = statistics.get(name);
        if (!found) throw new Error(`there are no statistics for ${name}`);
        const vector = (values: Float32Array) => upload(values, [values.length]);
        return [name, { mean: vector(found.mean), variance: vector(found.variance) }] as const;
      }),
  );
  const rule: NormRule = (layer, features) => {
    const { mean, variance } = tensors.get(layer.name)!;
    const gamma = parameter(weights, `${layer.name}/gamma`);
    const beta = parameter(weights, `${layer.name}/beta`);
    const output = kernels.normalize(features, gamma, beta, mean, variance);
    return layer.relu ? rectified(output) : output;
  };
  return {
    rule,
    dispose: () => free(...[...tensors.values()].flatMap(({ mean, variance }) => [mean, variance])),
  };
}
