import type { ModelSize } from '../../network/index.js';
import { foreignTensors, type Layout, STRATA } from '../../network/layouts/index.js';
import { decodeSafetensors, encodeSafetensors } from '../checkpoint/index.js';
import type { InferenceModel } from './inference-layers.js';
import { safetensorsFiles, tensorsOf } from './safetensors-files.js';
import { readSafetensors } from './safetensors-reader.js';

/** An image and a number of classes for any network: no name depends on them. */
const ANY_IMAGE = { height: 64, width: 64, channels: 3 };
const ANY_CLASSES = 2;

/** The names that a library gives the tensors of a network, by those of our `model.safetensors`. */
export function libraryNames(network: ModelSize, layout: Layout): (name: string) => string {
  const namesIn = (place: Layout) =>
    foreignTensors(place, network, ANY_IMAGE, ANY_CLASSES).map(({ theirs }) => theirs);
  const library = namesIn(layout);
  const names = new Map(namesIn(STRATA).map((name, index) => [name, library[index]]));
  return (name) => {
    const found = names.get(name);
    if (found === undefined) throw new Error(`${layout.name} has no counterpart of ${name}`);
    return found;
  };
}

/** The state dict of a network as a library loads it. PyTorch adds the counters of its batch norms itself. */
export function stateDict(model: InferenceModel, network: ModelSize, layout: Layout): Uint8Array {
  const rename = libraryNames(network, layout);
  const tensors = [...tensorsOf(model)].map(([name, tensor]) => [rename(name), tensor] as const);
  return encodeSafetensors(new Map(tensors), { format: 'pt' });
}

/** The network that a state dict holds, so that it can be compared. @param model that it was made of */
export function readStateDict(
  bytes: Uint8Array,
  model: InferenceModel,
  network: ModelSize,
  layout: Layout,
): InferenceModel {
  const rename = libraryNames(network, layout);
  const { tensors } = decodeSafetensors(bytes);
  const ours = [...tensorsOf(model).keys()].map((name) => {
    const found = tensors.get(rename(name));
    if (!found) throw new Error(`the state dict has no ${rename(name)}`);
    return [name, found] as const;
  });
  const weights = encodeSafetensors(new Map(ours), { format: 'pt' });
  return readSafetensors({ weights, config: safetensorsFiles(model).config });
}
