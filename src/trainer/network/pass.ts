import type { Tensor } from '../runtime/index.js';

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
}

/** Means and variances a batch norm applies at inference, by layer name. */
export interface NormStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export function parameter(weights: NamedTensors, name: string): Tensor {
  const tensor = weights.get(name);
  if (!tensor) throw new Error(`no parameter ${name}`);
  return tensor;
}
