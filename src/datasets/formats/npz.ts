import type { ArchiveEntry } from '../archive/entry.js';
import { baseName } from '../archive/names.js';
import type { SplitName } from '../arrays/samples.js';
import { ImportError } from '../problems.js';
import { type LabelledArrays, readLabelled } from './labelled.js';

import { type NpyArray, openNpy } from './npy.js';
import { type FormatReader, type ImportContext, type ReadImages, refuseFolderOptions } from './reader.js';
import { type StagedFile, stage } from './staging.js';

type Part = 'images' | 'labels';

/** Names that Keras and MedMNIST use. */
const NAMES: Readonly<Record<string, readonly [SplitName, Part]>> = {
  x_train: ['train', 'images'],
  y_train: ['train', 'labels'],
  x_val: ['validation', 'images'],
  y_val: ['validation', 'labels'],
  x_test: ['test', 'images'],
  y_test: ['test', 'labels'],
  train_images: ['train', 'images'],
  train_labels: ['train', 'labels'],
  val_images: ['validation', 'images'],
  val_labels: ['validation', 'labels'],
  test_images: ['test', 'images'],
  test_labels: ['test', 'labels'],
};

/** The array that a file name means; null for another file. */
export function npzPart(base: string): string | null {
  const name = base.replace(/\.npy$/, '');
  return base.endsWith('.npy') && Object.hasOwn(NAMES, name) ? NAMES[name]!.join('-') : null;
}

/** Readers of a whole number for each label type. */
const LABEL_TYPES: Readonly<Record<string, (row: Buffer) => number>> = {
  '|u1': (row) => row.readUInt8(),
  '|i1': (row) => row.readInt8(),
  '<u2': (row) => row.readUInt16LE(),
  '<i2': (row) => row.readInt16LE(),
  '<u4': (row) => row.readUInt32LE(),
  '<i4': (row) => row.readInt32LE(),
  '<u8': (row) => Number(row.readBigUInt64LE()),
  '<i8': (row) => Number(row.readBigInt64LE()),
};

/** Arrays of numpy.savez: x_train, y_train, and optionally x_test, y_test. */
export class NpzReader implements FormatReader {
  readonly #files = new Map<string, StagedFile>();

  constructor(private readonly context: ImportContext) {
    refuseFolderOptions(context);
  }

  get count(): number {
    return 0;
  }

  async take(entry: ArchiveEntry): Promise<boolean> {
    const key = npzPart(baseName(entry.name));
    if (key === null) return false;
    this.#files.set(key, await stage(entry, this.context, key));
    return true;
  }

  async finish(): Promise<ReadImages> {
    const splits = (['train', 'test', 'validation'] as const).filter(
      (split) => this.#files.has(`${split}-images`) || this.#files.has(`${split}-labels`),
    );
    if (!splits.includes('train')) throw incomplete('train-images');
    return readLabelled(
      splits.map((split) => this.#arraysOf(split)),
      this.context,
    );
  }

  #arraysOf(split: SplitName): LabelledArrays {
    const images = this.#open(`${split}-images`);
    const labels = this.#open(`${split}-labels`);
    const { source } = images.array;
    if (images.type !== '|u1') {
      const message = `the images have the type ${images.type}; save them as uint8, from 0 to 255`;
      throw new ImportError('array_invalid', message, source.name);
    }
    const labelIn = LABEL_TYPES[labels.type];
    const isList =
      labels.array.shape.length === 1 || (labels.array.shape.length === 2 && labels.array.shape[1] === 1);
    if (!labelIn || !isList) {
      const message = `labels must be one whole number per image, not ${labels.type} of ${labels.array.shape.join('x')}`;
      throw new ImportError('array_invalid', message, labels.array.source.name);
    }
    return { split, images: images.array, labels: labels.array, labelIn };
  }

  #open(key: string): NpyArray {
    const file = this.#files.get(key);
    if (!file) throw incomplete(key);
    return openNpy(file);
  }
}

function incomplete(key: string): ImportError {
  return new ImportError(
    'dataset_incomplete',
    `there is no array for ${key}; x_train and y_train are required, and x_test and y_test if there is a test split`,
  );
}
