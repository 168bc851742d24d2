import assert from 'node:assert/strict';
import { test } from 'node:test';
import { free, read, Staging, type Tensor, upload } from '../../../src/trainer/runtime/index.js';

test('every array that goes to the device through one memory stays what it was', () => {
  const lengths = [16, 3, 1024, 1, 64];
  const staging = new Staging(Math.max(...lengths));
  const uploaded = lengths.map((length, index): Tensor => {
    const array = staging.array(length);
    assert.equal(array.length, length);
    return upload(array.fill(index), [length]);
  });
  for (const [index, tensor] of uploaded.entries()) assert.ok(read(tensor).every((value) => value === index));
  free(...uploaded);
});
