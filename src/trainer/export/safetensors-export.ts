import type { ManifestFacts } from '../../contract/dataset-manifest.js';
import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import { type ConvLayer, flatten, type Layer, type MaxPoolLayer } from '../../network/index.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { encodeSafetensors, type StoredTensor } from '../checkpoint/index.js';
import type { TrainedNetwork } from '../evaluation/index.js';
import { NORM_EPSILON } from '../kernels/index.js';
import type { Exported } from './exported.js';
import { outputsFirst, samePadding } from './kernel-layout.js';
import type { ModelSource } from './model-source.js';

/**
 * Exports a trained network for PyTorch: `<folder>/model.safetensors` with PyTorch's names and layouts, and
 * `<folder>/config.json`, the network as data. docs/exports.md has the 30 lines that run them.
 */
export async function exportSafetensors(
  folder: string,
  network: TrainedNetwork,
  manifest: ManifestFacts,
  blobs: BlobStore,
): Promise<Exported> {
  const files = safetensorsFiles({ ...network.parts(), manifest });
  const weights = await blobs.put(files.weights);
  const config = await blobs.put(files.config);
  const artifacts: ArtifactOutput[] = [
    {
      name: `${folder}/model.safetensors`,
      kind: 'weights',
      media_type: 'application/octet-stream',
      ...weights,
    },
    { name: `${folder}/config.json`, kind: 'model', media_type: 'application/json', ...config },
  ];
  return { artifacts, maxDifference: null };
}

/** The bytes of `model.safetensors` and of `config.json`. */
export function safetensorsFiles(source: ModelSource): { weights: Uint8Array; config: Uint8Array } {
  return {
    weights: encodeSafetensors(tensorsOf(source), { format: 'pt' }),
    config: new TextEncoder().encode(`${JSON.stringify(configOf(source), null, 2)}\n`),
  };
}

/** `<layer>.weight`, `.bias`, `.running_mean`, `.running_var`; convolutions [O,C,size,size], dense [outputs,inputs]. */
function tensorsOf(source: ModelSource): Map<string, StoredTensor> {
  return new Map(
    flatten(source.layers).flatMap((layer) =>
      Object.entries(tensorsOfLayer(layer, source)).map(
        ([part, tensor]) => [`${torchName(layer)}.${part}`, tensor] as const,
      ),
    ),
  );
}

function tensorsOfLayer(layer: Layer, { values, statistics }: ModelSource): Record<string, StoredTensor> {
  const value = (part: string) => values.get(`${layer.name}/${part}`)!;
  switch (layer.op) {
    case 'conv': {
      const { size, input, output } = layer;
      const shape = [output.channels, input.channels, size, size];
      return { weight: { shape, values: outputsFirst(value('kernel'), layer) } };
    }
    case 'norm': {
      const { mean, variance } = statistics.get(layer.name)!;
      return {
        weight: vector(value('gamma')),
        bias: vector(value('beta')),
        running_mean: vector(mean),
        running_var: vector(variance),
      };
    }
    case 'dense': {
      const { inputs, outputs } = layer;
      const weight = { shape: [outputs, inputs], values: transposed(value('kernel'), inputs, outputs) };
      return { weight, bias: vector(value('bias')) };
    }
    default:
      return {};
  }
}

const vector = (values: Float32Array): StoredTensor => ({ shape: [values.length], values });

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    matrix,
    (_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!,
  );
}

function configOf({ layers, manifest }: ModelSource) {
  return {
    format: 'strata-network',
    version: 1,
    classes: manifest.classes,
    image: manifest.image,
    mean: manifest.mean,
    standard_deviation: manifest.standard_deviation,
    norm_epsilon: NORM_EPSILON,
    layers: layers.flatMap(describeLayer),
  };
}

/** A layer with what a reader must know to run it; dropout is nothing outside training. */
function describeLayer(layer: Layer): Record<string, unknown>[] {
  const name = torchName(layer);
  switch (layer.op) {
    case 'conv':
    case 'max-pool':
      return [{ op: layer.op, name, size: layer.size, stride: layer.stride, padding: torchPadding(layer) }];
    case 'norm':
      return [{ op: layer.op, name, relu: layer.relu }];
    case 'residual': {
      const [branch, shortcut] = [layer.branch, layer.shortcut].map((path) => path.flatMap(describeLayer));
      return [{ op: layer.op, branch, shortcut, relu: layer.relu }];
    }
    case 'dropout':
      return [];
    default:
      return [{ op: layer.op, name }];
  }
}

/** In the order of torch.nn.functional.pad. */
function torchPadding(layer: ConvLayer | MaxPoolLayer): number[] {
  const { top, left, bottom, right } = samePadding(layer);
  return [left, right, top, bottom];
}

const torchName = ({ name }: Layer): string => name.replaceAll('/', '.');
