import { ImportError } from '../problems.js';
import { readStart, StagedArray } from './arrays-in.js';
import type { StagedFile } from './staging.js';

const MAX_HEADER_LENGTH = 65_536;
const MAGIC = '\x93NUMPY';

/** An array with its NumPy type, like `|u1` or `<i8`. */
export interface NpyArray {
  readonly array: StagedArray;
  readonly type: string;
}

/**
 * Opens a NumPy array file (numpy.lib.format, versions 1 to 3). Object arrays are rejected, because NumPy stores
 * them as a pickle. @throws ImportError array_invalid, pickle_unsafe
 */
export function openNpy(file: StagedFile): NpyArray {
  const head = readStart(file, MAX_HEADER_LENGTH);
  const major = head[6] ?? 0;
  if (head.toString('latin1', 0, MAGIC.length) !== MAGIC || major < 1 || major > 3 || head.length < 12)
    throw new ImportError('array_invalid', 'the file is not a NumPy array', file.name);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? head.readUInt16LE(8) : head.readUInt32LE(8);
  const header = head.toString('latin1', start, start + length);
  const type = /'descr':\s*'([<>|=]?[a-zA-Z]\d*)'/.exec(header)?.[1];
  if (type?.includes('O') || /\('[^']*',\s*'\|O'/.test(header))
    throw new ImportError(
      'pickle_unsafe',
      'the array contains Python objects; save numbers, with allow_pickle=False',
      file.name,
    );
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || shape === undefined || start + length > head.length)
    throw new ImportError('array_invalid', 'the header of the array cannot be read', file.name);
  if (order === 'True')
    throw new ImportError(
      'array_invalid',
      'the array is in Fortran order; save numpy.ascontiguousarray of it',
      file.name,
    );
  const sides = shape.split(',').filter((side) => side.trim() !== '');
  const itemBytes = Number(/\d+$/.exec(type)?.[0] ?? 0);
  if (itemBytes < 1)
    throw new ImportError(
      'array_invalid',
      `the numbers of the array have the unsupported type ${type}`,
      file.name,
    );
  return { array: new StagedArray(file, sides.map(Number), start + length, itemBytes), type };
}
