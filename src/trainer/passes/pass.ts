import type { ResolvedSpec } from '../../contract/spec.js';
import type { NormLayer, ParameterSpec } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor, upload } from '../runtime/index.js';

export type Precision = ResolvedSpec['precision'];

/** Parameters or their gradients by name (`block0/conv1/kernel`). */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/**
 * Maps d loss / d output to d loss / d input, and adds d loss / d parameter to the gradients given to the forward
 * pass. It frees what its forward pass made, its output included; the cotangent stays its caller's. Null where no
 * input gradient was asked for.
 */
export type Pullback = (cotangent: Tensor) => Tensor | null;

/** A forward pass that can be walked back once (a vector-Jacobian product). */
export interface Pass {
  readonly output: Tensor;
  readonly pullback: Pullback;
}

/** What a training pass reads and fills. */
export interface TrainingContext {
  readonly weights: NamedTensors;
  /** Filled by pullbacks; owned by whoever made the map. */
  readonly gradients: Map<string, Tensor>;
  /**
   * What convolutions, norms and ReLUs compute in, float32 where nothing is said. Inputs, outputs, weights, batch statistics and
   * gradients of parameters are float32 either way.
   */
  readonly precision?: Precision | undefined;
  /** What random layers draw by; networks without any need none. */
  readonly draw?: Draw | undefined;
}

/** The optimiser step whose dropout masks are drawn: the same whenever, and wherever, it is computed. */
export interface Draw {
  readonly seed: number;
  readonly step: number;
}

/** How a batch norm, with its ReLU, computes in a pass that is never pulled back. [B,h,w,c] -> [B,h,w,c] */
export type NormRule = (layer: NormLayer, features: Tensor) => Tensor;

export function parameter(weights: NamedTensors, name: string): Tensor {
  const tensor = weights.get(name);
  if (!tensor) throw new Error(`no parameter ${name}`);
  return tensor;
}

/** Weights on the device; the caller frees them. @throws Error where a parameter has no value */
export function uploadWeights(
  parameters: readonly ParameterSpec[],
  values: ReadonlyMap<string, Float32Array>,
): Map<string, Tensor> {
  return new Map(
    parameters.map(({ name, shape }) => {
      const value = values.get(name);
      if (!value) throw new Error(`no value for parameter ${name}`);
      return [name, upload(value, shape)];
    }),
  );
}

/** ReLU of `features`, which it takes over. */
export function rectified(features: Tensor): Tensor {
  const output = kernels.relu(features);
  free(features);
  return output;
}
