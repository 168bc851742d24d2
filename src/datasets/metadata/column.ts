import { METADATA_LIMITS } from '../../contract/dataset-metadata.js';
import { type ProblemList, readable } from '../problems.js';
import type { Value } from './rows.js';

/** A column of metadata over some images. */
export interface ColumnValues {
  readonly name: string;
  /** Different values, sorted by their characters. */
  readonly values: readonly string[];
  /** For each image 0 where it has no value, else 1 + the place of its value. */
  readonly codes: Uint16Array;
}

/** A column as it is read: values are numbered in the order of their first use. Free text has too many, and is not kept. */
export class Column {
  readonly #codes = new Map<string, number>();
  /** Why it is not kept. */
  #fault: string | null = null;

  constructor(
    readonly name: string,
    /** Among the columns of the upload. */
    readonly number: number,
    /** The file that named it first. */
    private readonly file: string,
  ) {}

  codeOf(value: Value, line: number): number {
    if (value === null || this.#fault !== null) return 0;
    const known = value === undefined ? undefined : this.#codes.get(value);
    if (known !== undefined) return known;
    this.#fault = this.#faultOf(value, line);
    if (value === undefined || this.#fault !== null) return 0;
    this.#codes.set(value, this.#codes.size + 1);
    return this.#codes.size;
  }

  /** Says so where it is not. */
  isKept(problems: ProblemList): boolean {
    if (this.#fault === null) return true;
    problems.warn('metadata_left_out', `the column ${this.name} is not kept: ${this.#fault}`, this.file);
    return false;
  }

  /** Independent of the order in the files. @param codes of this column, one an image */
  sorted(codes: Uint16Array): ColumnValues {
    const values = [...this.#codes.keys()].sort();
    const places = new Uint16Array(values.length + 1);
    for (const [place, value] of values.entries()) places[this.#codes.get(value)!] = place + 1;
    return { name: this.name, values, codes: codes.map((code) => places[code]!) };
  }

  #faultOf(value: string | undefined, line: number): string | null {
    const { values, value_length: longest } = METADATA_LIMITS;
    if (value === undefined) return `line ${line} has a list or an object there; write texts or numbers`;
    if (value.length > longest || readable(value) !== value)
      return `the value on line ${line} has more than ${longest} characters, or control characters; shorten it`;
    if (this.#codes.size >= values)
      return `line ${line} has its ${values + 1}th value; group the values, so that at most ${values} differ`;
    return null;
  }
}
