import type { components } from '../../../../client/src/index.js';

/** A part of the images that a page asks about. */
export type WantedSlice =
  | { readonly name: string; readonly classes: readonly string[] }
  /** Positions as they were typed, like `0-99, 205`. */
  | { readonly name: string; readonly positions: string }
  /** A value of a column of metadata; null for the images without one. */
  | { readonly name: string; readonly column: string; readonly value: string | null };

/** The slices in the address of a page. An address that was changed by hand may name none. */
export function readSlices(text: string | null): readonly WantedSlice[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isWanted) : [];
  } catch {
    return [];
  }
}

function isWanted(value: unknown): value is WantedSlice {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false;
  if ('positions' in value) return typeof value.positions === 'string';
  if ('column' in value && 'value' in value)
    return typeof value.column === 'string' && (value.value === null || typeof value.value === 'string');
  return 'classes' in value && Array.isArray(value.classes);
}

/** The slice as the API takes it. */
export function sliceOf(slice: WantedSlice): components['schemas']['Slice'] {
  const { name } = slice;
  if ('classes' in slice) return { name, classes: [...slice.classes] };
  if ('column' in slice) return { name, metadata: { column: slice.column, value: slice.value } };
  return { name, indices: positionsOf(slice.positions) ?? [] };
}

/** Most positions of a slice. */
const MAX_POSITIONS = 40_000;

/** Positions and ranges with both ends, from 0, between commas or spaces. Null where the text is anything else. */
export function positionsOf(text: string): number[] | null {
  const positions: number[] = [];
  for (const part of text.split(/[\s,;]+/).filter((each) => each !== '')) {
    const ends = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (ends === null) return null;
    const [first, last] = [Number(ends[1]), Number(ends[2] ?? ends[1])];
    if (last < first || positions.length + last - first >= MAX_POSITIONS) return null;
    for (let position = first; position <= last; position++) positions.push(position);
  }
  return positions.length === 0 ? null : positions;
}
