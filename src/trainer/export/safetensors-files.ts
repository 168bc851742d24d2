import { encodeSafetensors, type StoredTensor } from '../checkpoint/index.js';
import { NORM_EPSILON } from '../kernels/index.js';
import {
  flattenInference,
  type InferenceLayer,
  type InferenceModel,
  weightsName,
} from './inference-layers.js';
import { metadataOf } from './metadata.js';
import { exportOperationOf } from './operations/index.js';

/** A network in PyTorch's names and layouts, and its layers as data. */
export interface SafetensorsFiles {
  /** The bytes of `model.safetensors`. */
  readonly weights: Uint8Array;
  /** The bytes of `config.json`. */
  readonly config: Uint8Array;
}

export function safetensorsFiles(model: InferenceModel): SafetensorsFiles {
  return {
    weights: encodeSafetensors(tensorsOf(model), { format: 'pt', ...paddingOf(model) }),
    config: new TextEncoder().encode(`${JSON.stringify(configOf(model), null, 2)}\n`),
  };
}

/** Told where it is not TensorFlow's, to who starts from the file (src/jobs/client/weights/convert.ts). */
function paddingOf({ layers }: InferenceModel): Record<string, string> {
  const isSymmetric = flattenInference(layers).some((layer) => 'rule' in layer && layer.rule === 'symmetric');
  return isSymmetric ? { padding: 'symmetric' } : {};
}

/** `<layer>.weight`, `.bias`, `.running_mean`, `.running_var`; convolutions [O,C,size,size], dense [outputs,inputs]. */
export function tensorsOf({ layers }: InferenceModel): Map<string, StoredTensor> {
  return new Map(
    flattenInference(layers).flatMap((layer) =>
      Object.entries(exportOperationOf(layer).tensors(layer)).map(
        ([part, tensor]) => [`${torchName(weightsName(layer))}.${part}`, tensor] as const,
      ),
    ),
  );
}

function configOf({ layers, manifest }: InferenceModel) {
  return {
    format: 'strata-network',
    version: 1,
    ...metadataOf(manifest, 'outside'),
    image: manifest.image,
    mean: manifest.mean,
    standard_deviation: manifest.standard_deviation,
    norm_epsilon: NORM_EPSILON,
    layers: layers.map(describeLayer),
  };
}

/** A layer with everything that a reader needs to run it. */
function describeLayer(layer: InferenceLayer): Record<string, unknown> {
  const path = (layers: readonly InferenceLayer[]) => layers.map(describeLayer);
  const described = exportOperationOf(layer).describe(layer, path);
  // A residual layer holds named layers, and no tensors of its own.
  return { op: layer.op, ...(layer.op !== 'residual' && { name: torchName(layer.name) }), ...described };
}

const torchName = (name: string): string => name.replaceAll('/', '.');
