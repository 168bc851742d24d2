import type { components } from '../../../contract/generated/openapi.js';
import type { TestPredictions } from '../../../contract/test-predictions.js';
import { sliceFigures } from '../../../measures/index.js';
import { keptOf } from '../models/evaluation.js';
import { refuse } from './refuse.js';

type Schemas = components['schemas'];
type Slice = Schemas['Slice'];

/** The figures of each slice. @param names of the classes. @throws StrataError invalid_request */
export function figuresOfSlices(
  slices: readonly Slice[],
  predictions: TestPredictions,
  names: readonly string[],
): Schemas['SliceFigures'][] {
  const { labels, classes } = predictions;
  const kept = keptOf(predictions);
  const predicted = labels.map((_, image) => classes[image * kept] ?? 0);
  const network = { classes: names.length, labels, predicted };
  return slices.map((slice, place) => {
    const inside = insideOf(slice, `/slices/${place}`, labels, names);
    return { name: slice.name, ...sliceFigures(network, inside) };
  });
}

/** 1 for each image of the slice, 0 for the others. [n] */
function insideOf(
  { indices, classes }: Slice,
  pointer: string,
  labels: Uint16Array,
  names: readonly string[],
): Uint8Array {
  if (indices !== undefined && classes === undefined) return insideOfIndices(indices, pointer, labels.length);
  if (classes !== undefined && indices === undefined) return insideOfClasses(classes, pointer, labels, names);
  return refuse(pointer, 'Give either indices or classes.');
}

function insideOfIndices(indices: readonly number[], pointer: string, images: number): Uint8Array {
  const inside = new Uint8Array(images);
  for (const [place, index] of indices.entries()) {
    if (index >= images) refuse(`${pointer}/indices/${place}`, `The last image is ${images - 1}.`);
    inside[index] = 1;
  }
  return inside;
}

function insideOfClasses(
  classes: readonly string[],
  pointer: string,
  labels: Uint16Array,
  names: readonly string[],
): Uint8Array {
  const wanted = new Set(
    classes.map((name, place) => {
      const index = names.indexOf(name);
      if (index === -1)
        refuse(
          `${pointer}/classes/${place}`,
          'The model has no class of this name; GET /models/{id} lists them.',
        );
      return index;
    }),
  );
  return Uint8Array.from(labels, (label) => (wanted.has(label) ? 1 : 0));
}
