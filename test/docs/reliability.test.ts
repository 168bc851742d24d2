import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as limits from '../../src/jobs/process/limits.js';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/reliability.md', ROOT), 'utf8');

test('every guarantee of docs/reliability.md names tests, and they exist', () => {
  const [, table = ''] = /\| guarantee [^\n]*\n\|---\|---\|\n((?:\|[^\n]*\n)+)/.exec(page) ?? [];
  const rows = table.trim().split('\n');
  assert.ok(rows.length >= 15, `${rows.length} guarantees`);
  for (const row of rows) {
    const paths = [...row.matchAll(/\.\.\/(test\/[^)]+)/g)].map(([, path]) => path ?? '');
    assert.ok(paths.length > 0, `no test is named: ${row}`);
    for (const path of paths) assert.ok(existsSync(new URL(path, ROOT)), `${path} does not exist`);
  }
});

test('the bounds are those of the code', () => {
  const { LEASE_MS, RECONCILE_MS, HEARTBEAT_MS, YIELD_MS, MAX_LOSSES } = limits;
  assert.deepEqual(
    [LEASE_MS, RECONCILE_MS, HEARTBEAT_MS, YIELD_MS, MAX_LOSSES],
    [6_000, 500, 1_500, 20_000, 10],
    'docs/reliability.md says so; change both',
  );
});
