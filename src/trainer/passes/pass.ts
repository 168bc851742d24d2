import type { ResolvedSpec } from '../../contract/spec.js';
import type { PassMemory } from '../../method/index.js';
import type { NormLayer, ParameterSpec } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor, upload } from '../runtime/index.js';

export type Precision = ResolvedSpec['precision'];

/** Parameters or their gradients by name (`block0/conv1/kernel`). */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/**
 * Maps d loss / d output to d loss / d input, and adds d loss / d parameter to the gradients of the forward pass.
 * It frees everything that its forward pass made, including its output. The caller owns the cotangent. Returns null
 * if no input gradient was requested.
 */
export type Pullback = (cotangent: Tensor) => Tensor | null;

/** A forward pass that can be pulled back once (a vector-Jacobian product). */
export interface Pass {
  readonly output: Tensor;
  readonly pullback: Pullback;
}

/** Inputs and outputs of a training pass. */
export interface TrainingContext {
  readonly weights: NamedTensors;
  /** Filled by pullbacks, with the factors that are asked for. The creator of the map owns the tensors. */
  readonly gradients: Map<string, Tensor>;
  /**
   * Precision of convolutions, norms and ReLUs. Absent: float32. Inputs, outputs, weights, batch statistics and
   * gradients of parameters are always float32.
   */
  readonly precision?: Precision | undefined;
  /** Whether the pullback leaves the Kronecker factors of a kernel among the gradients (factors.ts). Absent: of none. */
  readonly wantsFactors?: ((kernel: string) => boolean) | undefined;
  /** Policy for the features between layers. Absent: they are kept as they are. */
  readonly memory?: PassMemory | undefined;
  /** Random draws of layers. Networks without random layers need none. */
  readonly draw?: Draw | undefined;
}

/** The optimizer step of the dropout masks, so that repeated computation draws the same masks. */
export interface Draw {
  readonly seed: number;
  readonly step: number;
}

/** Computes a batch norm, with its ReLU, in a pass without gradients. [B,h,w,c] -> [B,h,w,c] */
export type NormRule = (layer: NormLayer, features: Tensor) => Tensor;

export function parameter(weights: NamedTensors, name: string): Tensor {
  const tensor = weights.get(name);
  if (!tensor) throw new Error(`there is no parameter ${name}`);
  return tensor;
}

/** Uploads weights to the device. The caller must free them. @throws Error if a parameter has no value */
export function uploadWeights(
  parameters: readonly ParameterSpec[],
  values: ReadonlyMap<string, Float32Array>,
): Map<string, Tensor> {
  return new Map(
    parameters.map(({ name, shape }) => {
      const value = values.get(name);
      if (!value) throw new Error(`there is no value for parameter ${name}`);
      return [name, upload(value, shape)];
    }),
  );
}

/** ReLU of `features`. Takes ownership of `features`. */
export function rectified(features: Tensor): Tensor {
  const output = kernels.relu(features);
  free(features);
  return output;
}
