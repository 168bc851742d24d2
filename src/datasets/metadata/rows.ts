import { decodeUtf8 } from '../archive/names.js';
import { ImportError } from '../problems.js';
import { CsvError, readCsv } from './csv.js';

/** The value of a column for an image: null where it has none, undefined where it is neither text nor a number. */
export type Value = string | null | undefined;

/** A line of a metadata file. */
export interface MetadataRow {
  readonly line: number;
  /** Path of the image, relative to the folder of the metadata file. */
  readonly fileName: string;
  /** By column. */
  readonly values: ReadonlyMap<string, Value>;
}

/** The column that names the image: the convention of Hugging Face's `imagefolder`. */
const FILE_NAME = 'file_name';
const BYTE_ORDER_MARK = '\u{feff}';

/** @param name of the file, which ends with .csv or .jsonl. @throws ImportError metadata_invalid */
export function readRows(name: string, bytes: Uint8Array): Generator<MetadataRow> {
  const text = decodeUtf8(bytes);
  if (text === null) throw invalid(name, null, 'the file is not UTF-8; save it as UTF-8');
  const plain = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  return name.endsWith('.csv') ? csvRows(name, plain) : jsonRows(name, plain);
}

function* csvRows(name: string, text: string): Generator<MetadataRow> {
  let columns: readonly string[] | null = null;
  try {
    for (const { line, fields } of readCsv(text)) {
      if (columns === null) {
        columns = checkedColumns(name, fields);
        continue;
      }
      if (fields.length !== columns.length)
        throw invalid(name, line, `has ${fields.length} fields, but line 1 names ${columns.length} columns`);
      const values = new Map<string, Value>();
      for (const [place, column] of columns.entries()) values.set(column, fields[place] || null);
      yield rowOf(name, line, values);
    }
  } catch (error) {
    if (error instanceof CsvError) throw invalid(name, error.line, error.message);
    throw error;
  }
  if (columns === null) throw invalid(name, null, 'the file is empty; name the columns in its first line');
}

function checkedColumns(name: string, columns: readonly string[]): readonly string[] {
  if (!columns.includes(FILE_NAME))
    throw invalid(name, 1, `names no column ${FILE_NAME}, which says to which image a line belongs; add it`);
  const twice = columns.find((column, place) => columns.indexOf(column) !== place);
  if (twice !== undefined) throw invalid(name, 1, `names the column '${twice}' twice; rename one`);
  return columns;
}

function* jsonRows(name: string, text: string): Generator<MetadataRow> {
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const values = new Map(
      Object.entries(objectIn(name, index + 1, line)).map(([key, own]) => [key, scalarOf(own)]),
    );
    yield rowOf(name, index + 1, values);
  }
}

function objectIn(name: string, line: number, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(name, line, 'is not JSON; write one object a line');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(name, line, 'is no JSON object; write one object a line');
  return value;
}

function scalarOf(value: unknown): Value {
  if (value === null || value === '') return null;
  return typeof value === 'object' ? undefined : String(value);
}

function rowOf(name: string, line: number, values: Map<string, Value>): MetadataRow {
  const fileName = values.get(FILE_NAME);
  if (!fileName) throw invalid(name, line, `has no ${FILE_NAME}, which says to which image it belongs`);
  values.delete(FILE_NAME);
  return { line, fileName, values };
}

/** @param line null: the whole file */
export function invalid(name: string, line: number | null, message: string): ImportError {
  return new ImportError('metadata_invalid', line === null ? message : `line ${line} ${message}`, name);
}
