import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tensorflowVariant } from '../../../src/provision/tensorflow/gpu.js';

test('STRATA_TENSORFLOW chooses the build for a machine without the GPUs', async () => {
  assert.equal(await tensorflowVariant({ STRATA_TENSORFLOW: 'cpu' }), 'cpu');
  await assert.rejects(
    tensorflowVariant({ STRATA_TENSORFLOW: 'gpu' }),
    /STRATA_TENSORFLOW is 'gpu', but must be cpu/,
  );
});

test('cuda is for x64 alone', { skip: process.arch !== 'x64' }, async () => {
  assert.equal(await tensorflowVariant({ STRATA_TENSORFLOW: 'cuda' }), 'cuda');
});
