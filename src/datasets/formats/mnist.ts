import type { ArchiveEntry } from '../archive/entry.js';
import { baseName } from '../archive/names.js';
import { ImportError } from '../problems.js';
import { readStart, StagedArray } from './arrays-in.js';
import { type LabelledArrays, readLabelled } from './labelled.js';
import { type FormatReader, type ImportContext, type ReadImages, refuseFolderOptions } from './reader.js';
import { type StagedFile, stage } from './staging.js';

const NAME = /^(train|t10k|test)-(images|labels)[-.]idx[1-4]-ubyte(\.gz)?$/;
const UNSIGNED_BYTE = 0x08;
const MAX_HEADER_LENGTH = 4 + 4 * 4;

/** The part of MNIST that a file name means; null for another file. */
export function mnistPart(base: string): string | null {
  const [, split, part] = NAME.exec(base) ?? [];
  return split === undefined ? null : `${split === 'train' ? 'train' : 'test'}-${part}`;
}

/**
 * The four files of MNIST and of similar datasets, in the idx format (yann.lecun.com/exdb/mnist), with or without
 * gzip.
 */
export class MnistReader implements FormatReader {
  readonly #files = new Map<string, StagedFile>();

  constructor(private readonly context: ImportContext) {
    refuseFolderOptions(context);
  }

  get count(): number {
    return 0;
  }

  async take(entry: ArchiveEntry): Promise<boolean> {
    const key = mnistPart(baseName(entry.name));
    if (key === null) return false;
    this.#files.set(key, await stage(entry, this.context, key));
    return true;
  }

  async finish(): Promise<ReadImages> {
    const splits = (['train', 'test'] as const).map((split): LabelledArrays => {
      const images = openIdx(this.#file(`${split}-images`));
      const labels = openIdx(this.#file(`${split}-labels`));
      if (labels.shape.length !== 1)
        throw new ImportError('array_invalid', 'labels must be a one-dimensional array', labels.source.name);
      return { split, images, labels, labelIn: (row) => row[0]! };
    });
    return readLabelled(splits, this.context);
  }

  #file(key: string): StagedFile {
    const file = this.#files.get(key);
    if (file) return file;
    const needed =
      'train-images, train-labels, t10k-images and t10k-labels, each -idx?-ubyte or -idx?-ubyte.gz';
    throw new ImportError('dataset_incomplete', `there is no file for ${key}; required files: ${needed}`);
  }
}

function openIdx(file: StagedFile): StagedArray {
  const head = readStart(file, MAX_HEADER_LENGTH);
  const rank = head[3] ?? 0;
  const readable = head.length >= 4 + 4 * rank && head.readUInt16BE(0) === 0 && head[2] === UNSIGNED_BYTE;
  if (!readable || rank < 1 || rank > 4)
    throw new ImportError('array_invalid', 'the file is not an idx file of unsigned bytes', file.name);
  const shape = Array.from({ length: rank }, (_, axis) => head.readUInt32BE(4 + 4 * axis));
  return new StagedArray(file, shape, 4 + 4 * rank);
}
