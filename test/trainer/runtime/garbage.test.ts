import assert from 'node:assert/strict';
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { freeMessage, freeUploaded } from '../../../src/trainer/runtime/index.js';

const MEGABYTE = 2 ** 20;

/** Node's report of a collection of garbage. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number; readonly flags: number } };

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

test('the arrays of each four megabytes of messages are collected, those of fewer wait', async () => {
  const collections: number[] = [];
  await new Promise<void>((resolve) => {
    // An observer does not keep a process alive.
    const alive = setInterval(() => undefined, 1000);
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries() as Collection[]) {
        // Collections that V8 makes by itself are not forced.
        if ((detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) === 0) continue;
        collections.push(detail.kind);
        observer.disconnect();
        clearInterval(alive);
        resolve();
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    for (let count = 0; count < 7; count++) freeMessage(MEGABYTE);
  });
  assert.deepEqual(collections, [constants.NODE_PERFORMANCE_GC_MINOR]);
});
