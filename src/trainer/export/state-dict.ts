import type { ModelSize } from '../../network/index.js';
import { foreignTensors, type Layout, STRATA, TORCHVISION } from '../../network/layouts/index.js';
import { decodeSafetensors, encodeSafetensors } from '../checkpoint/index.js';
import type { InferenceModel } from './inference-layers.js';
import { safetensorsFiles, tensorsOf } from './safetensors-files.js';
import { readSafetensors } from './safetensors-reader.js';

/** An image and a number of classes for any network: no name depends on them. */
const ANY_IMAGE = { height: 64, width: 64, channels: 3 };
const ANY_CLASSES = 2;

/** Name of the network in torchvision and in timm. */
export function libraryNetwork({ depth }: ModelSize): string {
  return `resnet${depth}`;
}

/** The names that torchvision and timm give the tensors of a network, by those of our `model.safetensors`. */
export function libraryNames(network: ModelSize): (name: string) => string {
  const namesIn = (layout: Layout) =>
    foreignTensors(layout, network, ANY_IMAGE, ANY_CLASSES).map(({ theirs }) => theirs);
  const library = namesIn(TORCHVISION);
  const names = new Map(namesIn(STRATA).map((name, index) => [name, library[index]]));
  return (name) => {
    const found = names.get(name);
    if (found === undefined) throw new Error(`torchvision has no counterpart of ${name}`);
    return found;
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
