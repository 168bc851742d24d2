import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { castAt } from '../../scripts/recording/cast.js';
import { ROOT } from '../../src/service/root.js';

const MAX_BYTES = 200_000;

test('the recording is small, moves for those who want it, and loads nothing', async () => {
  const svg = await readFile(join(ROOT, 'docs/recording.svg'), 'utf8');
  assert.ok(svg.length < MAX_BYTES, `${svg.length} bytes`);
  assert.match(svg, /@keyframes roll/);
  assert.match(
    svg,
    /@media \(prefers-reduced-motion: reduce\) \{ #screen_view \{ animation: none; transform:/,
  );
  assert.doesNotMatch(svg, /<script|<foreignObject|href="[^#]|url\((?!#)|@import/);
});

test('a recording is played faster, with no text lost and no two pictures in one frame', () => {
  const cast = '{"version":2}\n[0.2,"o","a"]\n[1.9,"o","b"]\n[2.1,"o","c"]\n[8,"o","d"]\n';
  assert.equal(castAt(2, 1, cast), '{"version":2}\n[0.95,"o","ab"]\n[1.05,"o","c"]\n[4,"o","d"]\n');
});
