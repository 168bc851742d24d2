import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/service/root.js';

test('docs/security.md has every point of the list, each with tests that exist', async () => {
  const page = await readFile(join(ROOT, 'docs/security.md'), 'utf8');
  const points = page.split(/^### (?=API\d+:2023)/m).slice(1);
  assert.deepEqual(
    points.map((point) => point.split(':')[0]),
    Array.from({ length: 10 }, (_, index) => `API${index + 1}`),
  );
  for (const point of points) {
    const section = point.split('\n## ')[0] ?? '';
    const links = [...section.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, path]) => path ?? '');
    assert.ok(links.length > 0, `${section.slice(0, 40)} names no test`);
    for (const path of links) assert.ok(existsSync(join(ROOT, path)), `${path} does not exist`);
  }
});
