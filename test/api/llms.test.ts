import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadContract, operationsOf } from '../../src/api/openapi.js';
import { llmsText } from '../../src/api/plugins/llms.js';

test('llms.txt has a line for every operation, with the scope that it needs', () => {
  const contract = loadContract();
  const lines = llmsText(contract).split('\n');
  for (const { method, path } of operationsOf(contract)) {
    const found = lines.filter((line) => line.startsWith(`- \`${method} ${path}\`: `));
    assert.equal(found.length, 1, `${method} ${path}`);
  }
  assert.ok(lines.includes('- `POST /jobs`: Create a training job (jobs:write)'));
  assert.equal(lines.at(0), '# Strata');
});
