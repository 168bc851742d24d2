import type { ColumnOfSplit } from '../../../contract/dataset-metadata.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { TestPredictions } from '../../../contract/test-predictions.js';
import { sliceFigures } from '../../../measures/index.js';
import { keptOf } from '../models/evaluation.js';
import { refuse } from './refuse.js';

type Schemas = components['schemas'];
type Slice = Schemas['Slice'];

/**
 * The figures of each slice. @param names of the classes. @param column finds a column of metadata by its name; null for none.
 * @throws StrataError invalid_request
 */
export async function figuresOfSlices(
  slices: readonly Slice[],
  predictions: TestPredictions,
  names: readonly string[],
  column: (name: string) => Promise<ColumnOfSplit | null>,
): Promise<Schemas['SliceFigures'][]> {
  const { labels, classes } = predictions;
  const kept = keptOf(predictions);
  const predicted = labels.map((_, image) => classes[image * kept] ?? 0);
  const network = { classes: names.length, labels, predicted };
  const figures: Schemas['SliceFigures'][] = [];
  for (const [place, slice] of slices.entries()) {
    const pointer = `/slices/${place}`;
    const { metadata } = requireOne(slice, pointer);
    const inside = metadata
      ? insideOfValue(metadata, `${pointer}/metadata`, await column(metadata.column))
      : insideOf(slice, pointer, labels, names);
    figures.push({ name: slice.name, ...sliceFigures(network, inside) });
  }
  return figures;
}

function requireOne(slice: Slice, pointer: string): Slice {
  const given = [slice.indices, slice.classes, slice.metadata].filter((each) => each !== undefined);
  return given.length === 1 ? slice : refuse(pointer, 'Give one of indices, classes and metadata.');
}

/** 1 for each image with the value, 0 for the others. [n] */
function insideOfValue(
  { column, value }: NonNullable<Slice['metadata']>,
  pointer: string,
  found: ColumnOfSplit | null,
): Uint8Array {
  if (found === null)
    return refuse(`${pointer}/column`, `The dataset has no column ${column}; GET /datasets/{id} lists them.`);
  const code = value === null ? 0 : 1 + found.values.indexOf(value);
  if (value !== null && code === 0)
    return refuse(`${pointer}/value`, 'No image of the dataset has this value.');
  return Uint8Array.from(found.codes, (own) => (own === code ? 1 : 0));
}

/** 1 for each image of the slice, 0 for the others. [n] */
function insideOf(
  { indices, classes }: Slice,
  pointer: string,
  labels: Uint16Array,
  names: readonly string[],
): Uint8Array {
  return indices === undefined
    ? insideOfClasses(classes ?? [], pointer, labels, names)
    : insideOfIndices(indices, pointer, labels.length);
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
