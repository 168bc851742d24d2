import type { Layer } from '../../../network/index.js';
import type { StoredTensor } from '../../checkpoint/index.js';
import type { InferenceLayer } from '../inference-layers.js';
import type { ModelSource } from '../model-source.js';
import type { ConfigLayer } from '../safetensors-config.js';
import type { GraphWriter } from '../writers/graph-writer.js';
import type { LayersWriter, Symbolic } from '../writers/layers-writer.js';
import type { OnnxWriter } from '../writers/onnx-writer.js';

/** The trained values of a layer, and the way to lower those inside it. */
export interface Lowering {
  readonly source: ModelSource;
  /** @param part `kernel`, `gamma`, … of this layer */
  readonly value: (part: string) => Float32Array;
  readonly path: (layers: readonly Layer[]) => InferenceLayer[];
}

/** Converts a kind of trained layer to layers for inference. Returns none if the layer does nothing outside training. */
export type Lower<L extends Layer> = (layer: L, lowering: Lowering) => InferenceLayer[];

/** Reads `model.safetensors` back, as `config.json` describes it. */
export interface ConfigReader {
  readonly epsilon: number;
  /** @throws Error where model.safetensors lacks it */
  tensor(name: string, part: string): StoredTensor;
  optionalValues(name: string, part: string): Float32Array | null;
  path(layers: readonly ConfigLayer[]): InferenceLayer[];
}

type OfOp<T, Op> = Extract<T, { readonly op: Op }>;

/** Writes a kind of layer in each format. The method of every writer returns the name of the value that it makes. */
export interface ExportOperation<Op extends InferenceLayer['op']> {
  graph(layer: OfOp<InferenceLayer, Op>, input: string, graph: GraphWriter): string;
  layers(layer: OfOp<InferenceLayer, Op>, input: Symbolic, model: LayersWriter): Symbolic;
  onnx(layer: OfOp<InferenceLayer, Op>, input: string, graph: OnnxWriter): string;
  /** Its tensors by PyTorch's names and in PyTorch's layout. */
  tensors(layer: OfOp<InferenceLayer, Op>): Record<string, StoredTensor>;
  /** Fields of `config.json` beside `op` and `name`: what a reader must know to run it. */
  describe(
    layer: OfOp<InferenceLayer, Op>,
    path: (layers: readonly InferenceLayer[]) => Record<string, unknown>[],
  ): Record<string, unknown>;
  /** @param index of the layer in its path */
  read(
    layer: ConfigLayer & { readonly op: Op },
    reader: ConfigReader,
    index: number,
  ): OfOp<InferenceLayer, Op>;
}

export const vector = (values: Float32Array): StoredTensor => ({ shape: [values.length], values });
