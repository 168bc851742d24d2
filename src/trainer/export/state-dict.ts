import { blockGroups, type ModelSize } from '../../network/index.js';
import { decodeSafetensors, encodeSafetensors } from '../checkpoint/index.js';
import type { InferenceModel } from './inference-layers.js';
import { safetensorsFiles, tensorsOf } from './safetensors-files.js';
import { readSafetensors } from './safetensors-reader.js';

/** Layers outside the blocks, and the shortcuts of a block. */
const OUTER: Readonly<Record<string, string>> = {
  'stem.conv': 'conv1',
  'stem.norm': 'bn1',
  'head.dense': 'fc',
};
const SHORTCUTS: Readonly<Record<string, string>> = {
  shortcut: 'downsample.0',
  shortcut_norm: 'downsample.1',
};

/** Name of the network in torchvision and in timm. */
export function libraryNetwork({ depth }: ModelSize): string {
  return `resnet${depth}`;
}

/** The names that torchvision and timm give the tensors of a network, by those of our `model.safetensors`. */
export function libraryNames(network: ModelSize): (name: string) => string {
  const groups = blockGroups(network.family, network.depth) ?? [];
  const places = groups.flatMap((count, group) =>
    Array.from({ length: count }, (_, index) => `layer${group + 1}.${index}`),
  );
  return (name) => {
    const [, layer = name, part = ''] = /^(.+)\.(\w+)$/.exec(name) ?? [];
    const [, block, inner = ''] = /^block(\d+)\.(\w+)$/.exec(layer) ?? [];
    const place = block === undefined ? undefined : places[Number(block)];
    const theirs = place ? `${place}.${SHORTCUTS[inner] ?? inner.replace('norm', 'bn')}` : OUTER[layer];
    if (theirs === undefined) throw new Error(`torchvision has no counterpart of ${name}`);
    return `${theirs}.${part}`;
  };
}

/** The state dict of a network as torchvision and timm load it. PyTorch adds the counters of its batch norms itself. */
export function stateDict(model: InferenceModel, network: ModelSize): Uint8Array {
  const rename = libraryNames(network);
  const tensors = [...tensorsOf(model)].map(([name, tensor]) => [rename(name), tensor] as const);
  return encodeSafetensors(new Map(tensors), { format: 'pt' });
}

/** The network that a state dict holds, so that it can be compared. @param model that it was made of */
export function readStateDict(bytes: Uint8Array, model: InferenceModel, network: ModelSize): InferenceModel {
  const rename = libraryNames(network);
  const { tensors } = decodeSafetensors(bytes);
  const ours = [...tensorsOf(model).keys()].map((name) => {
    const found = tensors.get(rename(name));
    if (!found) throw new Error(`the state dict has no ${rename(name)}`);
    return [name, found] as const;
  });
  const weights = encodeSafetensors(new Map(ours), { format: 'pt' });
  return readSafetensors({ weights, config: safetensorsFiles(model).config });
}
