import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../../src/contract/errors.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import { jobSpec, MNIST } from '../../jobs/support/specs.js';

const resolvedFor = (
  precision: 'float32' | 'bfloat16' | 'auto',
  devices: number,
  withBfloat16: number,
  preferBfloat16 = withBfloat16,
) => resolveSpec(jobSpec({ precision }), MNIST, 1, { devices, withBfloat16, preferBfloat16 }).precision;

test('auto takes bfloat16 where every device is the faster for it, and leaves none idle', () => {
  assert.equal(resolvedFor('auto', 2, 2), 'bfloat16');
  assert.equal(resolvedFor('auto', 2, 1), 'float32');
  assert.equal(resolvedFor('auto', 2, 2, 1), 'float32');
  assert.equal(resolvedFor('bfloat16', 2, 2, 0), 'bfloat16');
  assert.equal(resolvedFor('auto', 0, 0), 'float32');
});

test('bfloat16 is accepted where some device can train in it; float32 always', () => {
  assert.equal(resolvedFor('bfloat16', 3, 1), 'bfloat16');
  assert.equal(resolvedFor('float32', 2, 2), 'float32');
  for (const devices of [0, 2]) {
    assert.throws(
      () => resolvedFor('bfloat16', devices, 0),
      (error) => {
        assert.ok(error instanceof StrataError);
        assert.deepEqual([error.code, error.status, error.retry], ['precision_unavailable', 409, 'fatal']);
        assert.equal(error.errors[0]!.pointer, '/precision');
        assert.match(
          error.detail,
          new RegExp(`none of the ${devices} registered devices .* use 'float32', or 'auto'`),
        );
        return true;
      },
    );
  }
});
