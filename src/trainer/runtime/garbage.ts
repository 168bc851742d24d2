import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { COLLECTED_BYTES } from '../../method/index.js';

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | null = null;

/** Values whose arrays are worth a collection, in which a task of a small network would take longer: 8 MB. */
const MANY_VALUES = 2 ** 21;

/** Whether arrays of so many values are worth a collection. */
export const areMany = (values: number): boolean => values >= MANY_VALUES;

/**
 * Frees the arrays of so many values that the device or a file has copies of, if they are many and nothing refers to them any
 * more.
 */
export function freeUploaded(values: number): void {
  if (areMany(values)) collectGarbage();
}

let passed = 0;

/**
 * Frees the arrays of messages from time to time. They are outside of V8's heap, which would let 30 MB of them wait.
 * @param bytes length of the message that was written
 */
export function freeMessage(bytes: number): void {
  passed += bytes;
  if (passed < COLLECTED_BYTES) return;
  passed = 0;
  collect ??= exposed();
  collect({ type: 'minor' });
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

function exposed(): Collect {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as Collect;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
