import type { Layer, Shape } from '../layers.js';

/** Initial value of a parameter: a normal distribution, or the constant that makes a batch norm the identity. */
export type Initializer =
  | { readonly kind: 'normal'; readonly standardDeviation: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface ParameterSpec {
  /** Unique in its network, e.g. `block3/conv1/kernel`. Weights and optimizer state are keyed by it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /**
   * Set for values that training leaves as they are: `weight`, or a `statistic` of a batch norm, which is no parameter of the
   * network that a count has. Absent: it is trained.
   */
  readonly fixed?: 'weight' | 'statistic';
}

/** Cost of a kind of layer, per image. The layers inside a residual layer are counted separately. */
export interface Operation<L extends Layer> {
  /** In order of execution. */
  parameters(layer: L): ParameterSpec[];
  /** Multiply-adds of one forward pass; convolutions and dense layers only, as papers count them. */
  multiplyAdds(layer: L): number;
  /** Values that a training pass keeps for its gradients; 0 where no gradient reads the output. */
  activations(layer: L): number;
  /**
   * Computation of a training step, of which a forward pass is a third: for layers that are evaluated again or more
   * often than they keep values. Absent: `multiplyAdds` and `activations`.
   */
  passes?(layer: L): { readonly multiplyAdds: number; readonly activations: number };
}

export const valuesOf = ({ height, width, channels }: Shape): number => height * width * channels;
export const none = (): [] => [];
export const zero = (): number => 0;
