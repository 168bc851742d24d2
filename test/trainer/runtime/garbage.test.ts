import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeUploaded } from '../../../src/trainer/runtime/index.js';

const MEGABYTE = 2 ** 20;

/** An array that nothing refers to. */
function forgotten(): WeakRef<Float32Array> {
  return new WeakRef(new Float32Array(MEGABYTE).fill(1));
}

test('arrays of many values are freed once the device has them, and no collection is made for a few', async () => {
  const [few, many] = [forgotten(), forgotten()];
  // A weak reference holds its target until the turn in which it was made ends.
  await new Promise(setImmediate);
  freeUploaded(1000);
  assert.ok(few.deref());
  await new Promise(setImmediate);
  freeUploaded(4 * MEGABYTE);
  assert.equal(many.deref(), undefined);
  assert.equal(Reflect.get(globalThis, 'gc'), undefined);
});
