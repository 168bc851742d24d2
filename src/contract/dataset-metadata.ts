/** Bounds of the metadata that a dataset keeps of its images. */
export const METADATA_LIMITS = {
  /** Columns of a dataset. */
  columns: 32,
  /** Characters of the name of a column. */
  name_length: 64,
  /** Different values of a column. */
  values: 256,
  /** Characters of a value. */
  value_length: 100,
} as const;

/** A column of metadata in the manifest of a dataset. */
export interface MetadataColumn {
  readonly name: string;
  /** Different values, sorted. */
  readonly values: readonly string[];
}

/** Prefix of a column's name where an evaluation names it. */
export const METADATA_PREFIX = 'metadata.';

/** The values of a column for the images of a split. */
export interface ColumnOfSplit {
  readonly values: readonly string[];
  /** For each image 0 where it has no value, else 1 + the place of its value. [count] */
  readonly codes: Uint16Array;
}

/**
 * @param name with the prefix. @param file of the split: uint16 [columns, count].
 * @returns null for a column that the dataset does not have
 */
export function columnIn(
  columns: readonly MetadataColumn[],
  name: string,
  file: Uint16Array,
  count: number,
): ColumnOfSplit | null {
  const place = columns.findIndex((column) => METADATA_PREFIX + column.name === name);
  const column = columns[place];
  return column ? { values: column.values, codes: file.subarray(place * count, (place + 1) * count) } : null;
}
