import { Samples, type SplitName } from '../arrays/samples.js';
import { ImportError } from '../problems.js';
import type { StagedArray } from './arrays-in.js';
import type { ImportContext, ReadImages } from './reader.js';

/** Images and their labels, as arrays of the same length. */
export interface LabelledArrays {
  readonly split: SplitName;
  /** uint8 [count, height, width] or [count, height, width, channels] */
  readonly images: StagedArray;
  readonly labels: StagedArray;
  /** The label in a row of `labels`. */
  labelIn(row: Buffer): number;
}

/** Reads all splits. Class names are the label numbers. @throws ImportError array_invalid, dataset_too_large */
export function readLabelled(splits: readonly LabelledArrays[], context: ImportContext): ReadImages {
  const [first] = splits;
  if (first === undefined) throw new ImportError('dataset_incomplete', 'the archive contains no images');
  const channels = first.images.shape[3] ?? 1;
  const samples = new Samples(context.folder, channels);
  let classes = 0;
  for (const arrays of splits) {
    checkShapes(arrays, first);
    checkCount(samples.count + arrays.images.count, context);
    for (let index = 0; index < arrays.images.count; index++) {
      const label = labelAt(arrays, index, context);
      classes = Math.max(classes, label + 1);
      const [, height = 0, width = 0] = arrays.images.shape;
      const name = `${arrays.images.source.name}[${index}]`;
      const pixels = arrays.images.row(index);
      samples.add({ name, split: arrays.split, label, height, width, pixels, encoded: null });
    }
    arrays.images.close();
    arrays.labels.close();
  }
  return { samples, ...numbered(classes) };
}

/** Classes named after their label numbers. */
export function numbered(count: number): Pick<ReadImages, 'classes' | 'places'> {
  const places = Uint16Array.from({ length: count }, (_, label) => label);
  return { classes: Array.from(places, String), places };
}

function checkShapes({ images, labels }: LabelledArrays, first: LabelledArrays): void {
  const { shape, source } = images;
  if (labels.count !== images.count) {
    const message = `there are ${images.count} images, but ${labels.count} labels in ${labels.source.name}`;
    throw new ImportError('array_invalid', message, source.name);
  }
  const [, height = 0, width = 0, channels = 1] = shape;
  const isImage = shape.length === 3 || shape.length === 4;
  if (!isImage || height < 1 || width < 1 || Math.max(height, width) > 1_024 || ![1, 3].includes(channels)) {
    const message = `images must be [count, height, width] or [count, height, width, 1 or 3], not ${shape.join('x')}`;
    throw new ImportError('array_invalid', message, source.name);
  }
  if (String(shape.slice(1)) === String(first.images.shape.slice(1))) return;
  throw new ImportError(
    'array_invalid',
    `its images differ in size from those of ${first.images.source.name}`,
    source.name,
  );
}

function checkCount(count: number, { limits }: ImportContext): void {
  if (count <= limits.max_images) return;
  throw new ImportError('dataset_too_large', `there are more than ${limits.max_images} images`);
}

function labelAt(arrays: LabelledArrays, index: number, { limits }: ImportContext): number {
  const label = arrays.labelIn(arrays.labels.row(index));
  if (Number.isInteger(label) && label >= 0 && label < limits.max_classes) return label;
  const message = `label ${index} is ${label}; labels must be whole numbers from 0 and below ${limits.max_classes}`;
  throw new ImportError('array_invalid', message, arrays.labels.source.name);
}
