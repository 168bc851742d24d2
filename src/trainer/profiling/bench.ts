import type { ResolvedSpec } from '../../contract/spec.js';
import { type NetworkDescription, parametersOf, wholeNetwork } from '../../network/index.js';
import { initialValues, Optimizer, optimizerSettings, startingState } from '../optimizer/index.js';
import { type NamedTensors, uploadWeights } from '../passes/index.js';
import { normal, randomStream } from '../random.js';
import { free, type Tensor, upload } from '../runtime/index.js';
import { type Boundary, sampledBoundaries } from './boundaries.js';

/** Inputs of the measurements. */
export interface Bench {
  readonly boundaries: readonly Boundary[];
  /** Random noise [B,H,W,C]. The time of kernels does not depend on the values. */
  readonly images: Tensor;
  /** int32 [B] */
  readonly labels: Tensor;
  /** Optimizer of the network. */
  readonly optimizer: Optimizer;
  /** Weights of AuxNets and local heads at the boundaries. */
  readonly weightsBeside: NamedTensors;
  dispose(): void;
}

export function openBench(network: NetworkDescription, spec: ResolvedSpec): Bench {
  const { batch_size: batch, seed } = spec;
  const { height, width, channels } = network.image;
  const random = randomStream(seed, 'profile');
  const noise = Float32Array.from({ length: batch * height * width * channels }, () => normal(random));
  const images = upload(noise, [batch, height, width, channels]);
  const labels = upload(
    Int32Array.from({ length: batch }, (_, image) => image % network.classes),
    [batch],
  );
  const parameters = parametersOf(wholeNetwork(network));
  const settings = optimizerSettings(spec.optimizer);
  const optimizer = new Optimizer(parameters, startingState(parameters, seed, settings.rule), settings);
  const boundaries = sampledBoundaries(network, spec.method.auxiliary);
  const beside = parametersOf(boundaries.flatMap(({ auxiliary, head }) => [...auxiliary, ...head]));
  const weightsBeside = uploadWeights(beside, initialValues(beside, seed));
  return {
    boundaries,
    images,
    labels,
    optimizer,
    weightsBeside,
    dispose() {
      optimizer.dispose();
      free(images, labels, ...weightsBeside.values());
    },
  };
}
