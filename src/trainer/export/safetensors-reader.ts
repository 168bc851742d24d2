import { decodeSafetensors, type StoredTensor } from '../checkpoint/index.js';
import type { InferenceLayer, InferenceModel } from './inference-layers.js';
import { type ConfigReader, exportOperationOf } from './operations/index.js';
import type { Config, ConfigLayer } from './safetensors-config.js';
import type { SafetensorsFiles } from './safetensors-files.js';

/** Rebuilds the network from the two files only. */
export function readSafetensors({ weights, config }: SafetensorsFiles): InferenceModel {
  const {
    layers,
    norm_epsilon,
    input: _,
    preparation = null,
    ...facts
  } = JSON.parse(new TextDecoder().decode(config)) as Config;
  const { tensors } = decodeSafetensors(weights);
  return { manifest: { ...facts, preparation }, layers: readerOf(tensors, norm_epsilon).path(layers) };
}

function readerOf(tensors: ReadonlyMap<string, StoredTensor>, epsilon: number): ConfigReader {
  const reader: ConfigReader = {
    epsilon,
    tensor: (name, part) => {
      const found = tensors.get(`${name}.${part}`);
      if (!found) throw new Error(`model.safetensors has no ${name}.${part}, which config.json names`);
      return found;
    },
    optionalValues: (name, part) => tensors.get(`${name}.${part}`)?.values ?? null,
    path: (layers) => layers.map((layer, index): InferenceLayer => read(layer, reader, index)),
  };
  return reader;
}

function read<L extends ConfigLayer>(layer: L, reader: ConfigReader, index: number): InferenceLayer {
  return exportOperationOf(layer).read(layer, reader, index);
}
