import { type PaddingRule, parametersOf } from '../../../src/network/index.js';
import type { InferenceModel } from '../../../src/trainer/export/inference-layers.js';
import { inferenceModel } from '../../../src/trainer/export/lower.js';
import type { ModelSource } from '../../../src/trainer/export/model-source.js';
import {
  inferenceRule,
  inferPass,
  StatisticsEstimate,
  uploadWeights,
} from '../../../src/trainer/passes/index.js';
import { arena, read } from '../../../src/trainer/runtime/index.js';
import { CLASSES, randomFeatures, smallNetwork, uploadFeatures } from './small-network.js';

type Family = Parameters<typeof smallNetwork>[0];

/** An untrained network with statistics, whole pixels of two channels, and the probabilities that it gives them. */
export interface SmallModel {
  readonly source: ModelSource;
  /** The same, as formats are written from it. */
  readonly model: InferenceModel;
  readonly pixels: Float32Array;
  readonly shape: readonly number[];
  /** [images, classes], row by row. */
  readonly probabilities: readonly number[];
}

export function smallModel(family: Family, padding: PaddingRule = 'same'): SmallModel {
  const { network, layers, values } = smallNetwork(family, { width: 2, dropout: 0.5, padding });
  const random = randomFeatures(3, network.image);
  const pixels = Float32Array.from(random.values, (value) => Math.round(60 * value + 128));
  const manifest = {
    storage: 'pixels' as const,
    image: network.image,
    classes: ['a', 'b', 'c'],
    mean: [120, 130],
    standard_deviation: [60, 70],
  };
  const normalized = Float64Array.from(
    pixels,
    (value, i) => (value - manifest.mean[i % 2]!) / manifest.standard_deviation[i % 2]!,
  );
  const features = { ...random, values: normalized };
  const { statistics, logits } = onDevice(() => {
    const weights = uploadWeights(parametersOf(layers), values);
    const estimate = new StatisticsEstimate(layers, weights);
    estimate.add(uploadFeatures(features));
    const found = estimate.statistics();
    const { rule } = inferenceRule(layers, weights, found);
    return { statistics: found, logits: read(inferPass(layers, uploadFeatures(features), weights, rule)) };
  });
  const source = { layers, values, statistics, manifest };
  return {
    source,
    model: inferenceModel(source),
    pixels,
    shape: random.shape,
    probabilities: softmax(logits),
  };
}

/** Runs `body` on the device and returns plain values; its tensors are freed. */
function onDevice<T>(body: () => T): T {
  let result: T | null = null;
  arena(() => {
    result = body();
  });
  return result!;
}

function softmax(logits: Float32Array): number[] {
  return [...logits].map((value, index) => {
    const start = index - (index % CLASSES);
    const row = logits.subarray(start, start + CLASSES);
    return Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  });
}
