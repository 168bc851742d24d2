import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSupportedBy, requireSupportedBy } from '../../../src/jobs/process/version.js';

test('a worker works with dispatchers of its own version and of the next one', () => {
  const worker = '1.4.2';
  for (const dispatcher of ['1.4.0', '1.4.9', '1.5.0', '2.0.0'])
    assert.ok(isSupportedBy(dispatcher, worker), dispatcher);
  for (const dispatcher of ['1.3.9', '1.6.0', '2.1.0', '3.0.0', '0.4.2', 'x'])
    assert.ok(!isSupportedBy(dispatcher, worker), dispatcher);
  assert.doesNotThrow(() => requireSupportedBy([], worker));
  assert.throws(() => requireSupportedBy(['1.5.0', '1.6.0'], worker), {
    message: /version 1\.4\.2, the dispatcher has version 1\.6\.0.*update the older/,
  });
});
