import type { Layer } from '../../../network/index.js';
import type { Tensor } from '../../runtime/index.js';
import type { NamedTensors, NormRule, TrainingContext } from '../pass.js';

/** Input and output of a layer's forward pass as they were kept: exact, or within the bound of the memory policy. */
export interface KeptFeatures {
  readonly input: Tensor;
  /** Free already where `readsOutput` says that the pullback does not read it. */
  readonly output: Tensor;
}

/** The forward pass of one layer. Whoever runs it keeps and frees its input and its output. */
export interface LayerPass {
  readonly output: Tensor;
  /** As `Pullback`, but for input and output, which stay its caller's. It frees everything else of the forward pass. */
  readonly pullback: (cotangent: Tensor, kept: KeptFeatures) => Tensor | null;
}

/** The forward pass of some layers, one after the other, within a pass. */
export interface InnerPass {
  readonly output: Tensor;
  /** As `Pullback`. @param input of the pass, which stays its caller's */
  readonly pullback: (cotangent: Tensor, input: Tensor) => Tensor | null;
}

/** Inputs of the training pass of a layer, besides its input tensor. */
export interface TrainingRun {
  readonly context: TrainingContext;
  /** false spares the gradient of the input: images need none. */
  readonly wantsInputGradient: boolean;
  /** Runs layers inside a layer. @param context where it is another one than the layer's */
  readonly path: (layers: readonly Layer[], input: Tensor, context?: TrainingContext) => InnerPass;
}

/** Inputs of the inference of a layer, besides its input tensor. */
export interface InferenceRun {
  readonly weights: NamedTensors;
  readonly norm: NormRule;
  /** Runs layers inside a layer; the result is the input itself where there are none. */
  readonly path: (layers: readonly Layer[], input: Tensor) => Tensor;
}

/** Computation of a kind of layer. */
export interface PassOperation<L extends Layer> {
  /** Training mode: batch statistics, in the dtype of `input`, which stays its caller's. */
  train(layer: L, input: Tensor, run: TrainingRun): LayerPass;
  /** Keeps nothing for a gradient. The output is owned, or is `input` itself where the layer changes nothing. */
  infer(layer: L, input: Tensor, run: InferenceRun): Tensor;
  /** Whether the pullback of this layer reads its output. */
  readsOutput(layer: L): boolean;
  /** Whether the layer computes in float32 where the layers before it compute in bfloat16. */
  readonly float32: boolean;
}
