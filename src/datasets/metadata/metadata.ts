import { METADATA_LIMITS } from '../../contract/dataset-metadata.js';
import { baseName, cleanName, folderOf } from '../archive/names.js';
import { ImportError, type ProblemList, readable } from '../problems.js';
import { Column, type ColumnValues } from './column.js';
import { invalid, type MetadataRow, readRows } from './rows.js';

/** Values by image, in the order of the upload. */
export type ImageMetadata = readonly ColumnValues[];

/** The images of an upload, whose names are known at the end. */
interface NamedImages {
  readonly count: number;
  nameOf(index: number): string;
}

interface StoredRow {
  readonly file: string;
  readonly line: number;
  /** Codes of its values, by the number of the column. */
  readonly codes: readonly number[];
}

const NAMES = ['metadata.csv', 'metadata.jsonl'];
export const MAX_METADATA_BYTES = 64 * 2 ** 20;

export const isMetadata = (name: string): boolean => NAMES.includes(baseName(name));

/** Content of the metadata files of an upload. They may come before or after its images. */
export class Metadata {
  readonly #columns = new Map<string, Column>();
  readonly #rows = new Map<string, StoredRow>();
  /** Images that the upload holds, but the dataset does not. */
  readonly #leftOut = new Set<string>();

  constructor(
    private readonly maxRows: number,
    private readonly problems: ProblemList,
  ) {}

  /** @param name of the file. @throws ImportError metadata_invalid */
  add(name: string, bytes: Uint8Array): void {
    for (const row of readRows(name, bytes)) this.#addRow(name, row);
  }

  leaveOut(image: string): void {
    this.#leftOut.add(image);
  }

  /** Empty where the upload has no metadata. @throws ImportError metadata_invalid for a line about no image */
  of(images: NamedImages): ImageMetadata {
    if (this.#rows.size === 0) return [];
    const columns = [...this.#columns.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const kept = columns.filter((column) => column.isKept(this.problems));
    const codes = kept.map(() => new Uint16Array(images.count));
    for (let index = 0; index < images.count; index++) {
      const name = images.nameOf(index);
      const row = this.#rows.get(name);
      if (row === undefined) continue;
      this.#rows.delete(name);
      for (const [place, { number }] of kept.entries()) codes[place]![index] = row.codes[number] ?? 0;
    }
    this.#refuseOthers();
    return kept.map((column, place) => column.sorted(codes[place]!));
  }

  #addRow(file: string, { line, fileName, values }: MetadataRow): void {
    const image = imageOf(file, line, fileName);
    const other = this.#rows.get(image);
    if (other)
      throw invalid(
        file,
        line,
        `is about ${readable(image)}, as line ${other.line} of ${other.file} is; remove one`,
      );
    if (this.#rows.size >= this.maxRows)
      throw invalid(file, line, `is one too many: a dataset has at most ${this.maxRows} images`);
    const codes: number[] = [];
    for (const [name, value] of values) {
      const column = this.#columnOf(name, file, line);
      codes[column.number] = column.codeOf(value, line);
    }
    this.#rows.set(image, { file, line, codes });
  }

  #columnOf(name: string, file: string, line: number): Column {
    const known = this.#columns.get(name);
    if (known) return known;
    const { columns, name_length: longest } = METADATA_LIMITS;
    if (this.#columns.size >= columns)
      throw invalid(file, line, `has one column too many; at most ${columns} are kept beside file_name`);
    if (name.length > longest || readable(name) !== name)
      throw invalid(
        file,
        line,
        `has a column whose name is longer than ${longest} characters or holds control characters`,
      );
    const column = new Column(name, this.#columns.size, file);
    this.#columns.set(name, column);
    return column;
  }

  /** Lines about images that are left out are no mistake. */
  #refuseOthers(): void {
    for (const [image, { file, line }] of this.#rows)
      if (!this.#leftOut.has(image))
        throw invalid(
          file,
          line,
          `names ${readable(image)}, which is no image of the archive; paths are relative to the folder of ${baseName(file)}`,
        );
  }
}

/** Path of the image in the archive. @throws ImportError metadata_invalid for one that leads out of it */
function imageOf(file: string, line: number, fileName: string): string {
  const folder = folderOf(file);
  try {
    return cleanName(folder === '' ? fileName : `${folder}/${fileName}`);
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw invalid(file, line, `names ${readable(fileName)}: ${error.message}`);
  }
}
