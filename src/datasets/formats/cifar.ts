import type { ArchiveEntry } from '../archive/entry.js';
import { baseName } from '../archive/names.js';
import { Samples, type SplitName } from '../arrays/samples.js';
import { NumberArray, readPickle } from '../pickle/read.js';
import { ImportError, readable } from '../problems.js';
import { numbered } from './labelled.js';
import { type FormatReader, type ImportContext, type ReadImages, refuseFolderOptions } from './reader.js';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;
const MAX_PICKLE_BYTES = 200 * 2 ** 20;
const MAX_NAMES_BYTES = 65_536;

/**
 * The meaning of a file name: its split, and the number of label bytes per image (the first byte of CIFAR-100 is
 * the coarse label).
 */
interface Batch {
  readonly split: SplitName;
  readonly labelBytes: 1 | 2;
  readonly isPickle: boolean;
}

function batchOf(base: string): Batch | null {
  const [, ten, hundred, binary] = /^(?:(data_batch_\d+|test_batch)|(train|test))(\.bin)?$/.exec(base) ?? [];
  const name = ten ?? hundred;
  if (name === undefined) return null;
  return { split: name.startsWith('test') ? 'test' : 'train', labelBytes: ten ? 1 : 2, isPickle: !binary };
}

const NAME_FILES = ['batches.meta.txt', 'fine_label_names.txt'];
const NAME_PICKLES = ['batches.meta', 'meta'];

/** `train` or `test` of a file of images, `names` of one with the classes' names; null for another. */
export function cifarPart(base: string): string | null {
  if (NAME_FILES.includes(base) || NAME_PICKLES.includes(base)) return 'names';
  return batchOf(base)?.split ?? null;
}

/**
 * CIFAR-10 and CIFAR-100 as published on www.cs.toronto.edu/~kriz/cifar.html: the binary and the Python version.
 */
export class CifarReader implements FormatReader {
  readonly #samples: Samples;
  #names: string[] = [];
  #classes = 0;

  constructor(private readonly context: ImportContext) {
    refuseFolderOptions(context);
    this.#samples = new Samples(context.folder, 3);
  }

  get count(): number {
    return this.#samples.count;
  }

  async take(entry: ArchiveEntry): Promise<boolean> {
    const base = baseName(entry.name);
    const batch = batchOf(base);
    if (NAME_FILES.includes(base)) {
      const text = (await entry.read(MAX_NAMES_BYTES)).toString();
      this.#names = text
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean);
    } else if (NAME_PICKLES.includes(base))
      this.#names = namesIn(await readDict(entry, MAX_NAMES_BYTES), entry.name);
    else if (batch?.isPickle) this.#addPickle(await readDict(entry, MAX_PICKLE_BYTES), batch, entry.name);
    else if (batch) await this.#addRecords(entry, batch);
    else return false;
    return true;
  }

  async finish(): Promise<ReadImages> {
    const { classes, places } = numbered(this.#classes);
    const names = classes.map((label, index) => readable(this.#names[index] ?? label));
    return { samples: this.#samples, classes: names, places };
  }

  /** Adds records of label bytes and 3072 pixel bytes. */
  async #addRecords(entry: ArchiveEntry, { split, labelBytes }: Batch): Promise<void> {
    const recordBytes = labelBytes + PIXELS;
    if (entry.sizeBytes === 0 || entry.sizeBytes % recordBytes !== 0) {
      const message = `the file has ${entry.sizeBytes} bytes, which is not a multiple of ${recordBytes}, the bytes per image`;
      throw new ImportError('array_invalid', message, entry.name);
    }
    let rest = Buffer.alloc(0);
    for await (const chunk of await entry.stream()) {
      const bytes = Buffer.concat([rest, chunk as Buffer]);
      let at = 0;
      for (; at + recordBytes <= bytes.length; at += recordBytes) {
        const label = bytes[at + labelBytes - 1]!;
        this.#add(
          split,
          label,
          labelBytes === 1 ? 10 : 100,
          bytes.subarray(at + labelBytes, at + recordBytes),
          entry.name,
        );
      }
      rest = bytes.subarray(at);
    }
    if (rest.length > 0) throw new ImportError('archive_damaged', 'the file is cut short', entry.name);
  }

  #addPickle(dict: ReadonlyMap<string, unknown>, { split, labelBytes }: Batch, file: string): void {
    const labels = labelsIn(dict.get(labelBytes === 1 ? 'labels' : 'fine_labels'));
    const data = dict.get('data');
    const fits = data instanceof NumberArray && data.type.name === 'u1' && data.shape.length === 2;
    if (!fits || data.shape[1] !== PIXELS || labels?.length !== data.shape[0]) {
      const message = 'it is not a dictionary of data, uint8 [count, 3072], and as many labels';
      throw new ImportError('array_invalid', message, file);
    }
    labels?.forEach((label, index) => {
      this.#add(split, label, labelBytes === 1 ? 10 : 100, data.row(index), file);
    });
  }

  #add(split: SplitName, label: number, classes: number, planes: Uint8Array, file: string): void {
    const { max_images: max } = this.context.limits;
    if (this.count >= max) throw new ImportError('dataset_too_large', `there are more than ${max} images`);
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new ImportError(
        'array_invalid',
        `a label is ${label}; labels must be whole numbers below ${classes}`,
        file,
      );
    this.#classes = Math.max(this.#classes, label + 1);
    const name = `${file}[${this.count}]`;
    const pixels = interleaved(planes);
    this.#samples.add({ name, split, label, height: SIDE, width: SIDE, pixels, encoded: null });
  }
}

/** Labels are a list of numbers, or an array of one axis. @returns null for anything else */
function labelsIn(value: unknown): readonly number[] | null {
  if (value instanceof NumberArray) return value.shape.length === 1 ? value.numbers() : null;
  return Array.isArray(value) && value.every((label) => typeof label === 'number') ? value : null;
}

/** [3, 32, 32] as [32, 32, 3] */
function interleaved(planes: Uint8Array): Buffer {
  const pixels = Buffer.allocUnsafe(PIXELS);
  for (let index = 0; index < PLANE; index++) {
    for (let channel = 0; channel < 3; channel++)
      pixels[3 * index + channel] = planes[channel * PLANE + index]!;
  }
  return pixels;
}

async function readDict(entry: ArchiveEntry, maxBytes: number): Promise<ReadonlyMap<string, unknown>> {
  const value = readPickle(await entry.read(maxBytes), entry.name);
  if (value instanceof Map) return value;
  throw new ImportError('array_invalid', 'the pickle is not a dictionary', entry.name);
}

function namesIn(dict: ReadonlyMap<string, unknown>, file: string): string[] {
  const names = dict.get('label_names') ?? dict.get('fine_label_names');
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new ImportError('array_invalid', 'the pickle has no label_names', file);
}
