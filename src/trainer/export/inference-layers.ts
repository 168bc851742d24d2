import type { Padding, PaddingRule } from '../../network/index.js';
import type { ModelFacts } from './model-source.js';

/** A convolution, including the batch norm that may be merged into it. */
export interface InferenceConv {
  readonly op: 'conv';
  readonly name: string;
  readonly size: number;
  readonly stride: number;
  readonly padding: Padding;
  readonly rule: PaddingRule;
  /** Channels. */
  readonly inputs: number;
  readonly outputs: number;
  /** [size,size,inputs,outputs] */
  readonly kernel: Float32Array;
  /** Name of the kernel that several convolutions share. Absent: it is this one's alone, under its name. */
  readonly weights?: string;
  /** One value per output channel; null: no bias. */
  readonly bias: Float32Array | null;
  readonly relu: boolean;
}

/** gamma (x - mean) / sqrt(variance + epsilon) + beta, with one value per channel. */
export interface InferenceNorm {
  readonly op: 'norm';
  readonly name: string;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
  readonly relu: boolean;
}

/** factor x + shift, with one value per channel. */
export interface InferenceScale {
  readonly op: 'scale';
  readonly name: string;
  readonly factor: Float32Array;
  readonly shift: Float32Array;
  readonly relu: boolean;
}

export interface InferenceResidual {
  readonly op: 'residual';
  readonly name: string;
  readonly branch: readonly InferenceLayer[];
  readonly shortcut: readonly InferenceLayer[];
  readonly relu: boolean;
}

/**
 * Steps of a solver: slope i is `layers` of the state plus the sum of `before` times the slopes before it; the state then
 * moves by the sum of `weights` times all slopes.
 */
export interface InferenceIntegral {
  readonly op: 'integral';
  readonly name: string;
  readonly channels: number;
  readonly steps: readonly {
    readonly slopes: readonly {
      readonly before: readonly number[];
      readonly layers: readonly InferenceLayer[];
    }[];
    readonly weights: readonly number[];
  }[];
}

/** Its input is the output of a ReLU, so that zeros around it change no maximum. */
export interface InferenceMaxPool {
  readonly op: 'max-pool';
  readonly name: string;
  readonly size: number;
  readonly stride: number;
  readonly padding: Padding;
  readonly rule: PaddingRule;
}

/** Mean over height and width. */
export interface InferencePool {
  readonly op: 'pool';
  readonly name: string;
}

export interface InferenceDense {
  readonly op: 'dense';
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs,outputs] */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** A layer with its weights, without everything that only training needs. All formats are written from it. */
export type InferenceLayer =
  | InferenceConv
  | InferenceNorm
  | InferenceScale
  | InferenceResidual
  | InferenceIntegral
  | InferenceMaxPool
  | InferencePool
  | InferenceDense;

/** Pixels 0..255 [N,H,W,C], normalized as the dataset says, through the layers to logits. */
export interface InferenceModel {
  readonly manifest: ModelFacts;
  readonly layers: readonly InferenceLayer[];
}

/** All layers in order. The layers inside another layer come before it. */
export function flattenInference(layers: readonly InferenceLayer[]): InferenceLayer[] {
  return layers.flatMap((layer) => [...innerPaths(layer).flatMap(flattenInference), layer]);
}

function innerPaths(layer: InferenceLayer): (readonly InferenceLayer[])[] {
  if (layer.op === 'residual') return [layer.branch, layer.shortcut];
  if (layer.op !== 'integral') return [];
  return layer.steps.flatMap(({ slopes }) => slopes.map(({ layers }) => layers));
}

/** The name of the tensors of a layer, which those with shared weights have in common. */
export const weightsName = (layer: InferenceLayer): string =>
  layer.op === 'conv' ? (layer.weights ?? layer.name) : layer.name;
