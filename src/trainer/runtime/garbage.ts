import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/** Values whose arrays are worth a collection, in which a task of a small network would take longer: 8 MB. */
const MANY_VALUES = 2 ** 21;

/** Frees the arrays of so many values that the device has copies of, if they are many and nothing refers to them any more. */
export function freeUploaded(values: number): void {
  if (values >= MANY_VALUES) collectGarbage();
}

/**
 * Collects garbage now, which takes some 10 ms. V8 does so when JavaScript needs memory, and TensorFlow's is none of it: without
 * this, arrays that were copied to the device can stay for a whole task. V8 gives its function to contexts that are made
 * while a flag is set.
 */
function collectGarbage(): void {
  collect ??= exposed();
  collect();
}

function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
