import { ImportError } from '../problems.js';
import { PickleMachine } from './machine.js';

export { NumberArray } from './values.js';

/**
 * Reads a Python pickle that holds plain data and NumPy arrays, as CIFAR's files do. A pickle is a program; this runs the
 * few instructions that build such data, on values of our own, and refuses every other. Nothing is ever looked up or called.
 * Values may hold each other many times over: who reads them must not walk through them blindly.
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
