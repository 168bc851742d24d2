import { flatten, type Layer, unrolled, useOf } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, read, type Tensor, upload } from '../runtime/index.js';
import { inferPass, keptNorm } from './infer-pass.js';
import { type NamedTensors, type NormRule, parameter, rectified } from './pass.js';

/** Mean and variance of every batch norm by the name of its use, [c] each. A network needs them to process single images. */
export type Statistics = ReadonlyMap<string, NormStatistics>;

interface NormStatistics {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/**
 * Estimates the statistics along the whole chain: mean and variance of all images' features together, each layer fed by
 * the layers before it, which normalise by their batch. A mean of the batches' variances would lack the variance between
 * batches. Training keeps no moving averages: those of a stage would describe its AuxNet's outputs, not the true
 * features ("Precise BatchNorm", Wu and Johnson, arXiv:2105.07576; docs/adr/0006).
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

  /** Kept statistics are those among the weights. */
  statistics(): Statistics {
    return new Map([...this.#kept(), ...this.#estimated()]);
  }

  #kept(): [string, NormStatistics][] {
    const kept = flatten(this.layers).filter((layer) => layer.op === 'norm' && layer.keepsStatistics);
    return kept.map(({ name }) => [
      name,
      {
        mean: read(parameter(this.weights, `${name}/mean`)),
        variance: read(parameter(this.weights, `${name}/variance`)),
      },
    ]);
  }

  /** var(x) = mean of x^2 - (mean of x)^2 over all batches, which are of one size. */
  #estimated(): [string, NormStatistics][] {
    return [...this.#sums].map(([name, sums]) => {
      const mean = sums.mean.map((sum) => sum / this.#batches);
      const variance = sums.square.map((sum, index) => Math.max(0, sum / this.#batches - mean[index]! ** 2));
      return [name, { mean: Float32Array.from(mean), variance: Float32Array.from(variance) }];
    });
  }
}

/** Sums over batches, in float64, of a feature's mean and of its mean square in the batch, [c] each. */
interface Moments {
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

type Sums = Map<string, Moments>;

function collectingRule(weights: NamedTensors, sums: Sums): NormRule {
  return (layer, features) => {
    if (layer.keepsStatistics) return keptNorm(layer, features, weights);
    const { output, batchMean, batchVariance, reserved } = kernels.batchNormRelu(
      features,
      parameter(weights, `${layer.name}/gamma`),
      parameter(weights, `${layer.name}/beta`),
      layer.relu,
    );
    const { channels } = layer.output;
    const name = useOf(layer);
    const sum = sums.get(name) ?? {
      mean: new Float64Array(channels),
      square: new Float64Array(channels),
    };
    const values = features.shape.reduce((product, size) => product * size, 1) / channels;
    addMoments(sum, read(batchMean), read(batchVariance), values);
    sums.set(name, sum);
    free(batchMean, batchVariance, ...reserved);
    return output;
  };
}

/** @param variance unbiased, of `values` numbers a channel: the kernel divides by one less */
function addMoments(sum: Moments, mean: Float32Array, variance: Float32Array, values: number): void {
  for (let index = 0; index < mean.length; index++) {
    sum.mean[index]! += mean[index]!;
    sum.square[index]! += mean[index]! ** 2 + (variance[index]! * (values - 1)) / values;
  }
}

/** Uploads the statistics to the device for inference. `dispose` frees them. */
export function inferenceRule(
  layers: readonly Layer[],
  weights: NamedTensors,
  statistics: Statistics,
): { rule: NormRule; dispose: () => void } {
  const tensors = new Map(
    unrolled(layers)
      .filter((layer) => layer.op === 'norm')
      .map((layer) => {
        const name = useOf(layer);
        const found = statistics.get(name);
        if (!found) throw new Error(`there are no statistics for ${name}`);
        const vector = (values: Float32Array) => upload(values, [values.length]);
        return [name, { mean: vector(found.mean), variance: vector(found.variance) }] as const;
      }),
  );
  const rule: NormRule = (layer, features) => {
    const { mean, variance } = tensors.get(useOf(layer))!;
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
