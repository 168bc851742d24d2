import { ImportError } from '../problems.js';
import { PickleMachine } from './machine.js';

export type { NumberArray } from './values.js';

/**
 * Reads a Python pickle of plain data and NumPy arrays, as in the files of CIFAR. A pickle is a program. This
 * reader runs only the few instructions that build such data, on its own values, and rejects all others. It never
 * looks up or calls anything.
 * @returns dictionaries as Map, lists and tuples as arrays, byte strings as text (latin1), arrays as NumberArray
 * @throws ImportError pickle_unsafe, array_invalid
 */
export function readPickle(bytes: Buffer, file: string): unknown {
  try {
    return new PickleMachine(bytes, file).run();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // A read beyond the end of the file.
    throw new ImportError('array_invalid', 'the pickle is cut short', file);
  }
}
