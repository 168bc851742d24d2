import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsTable, worthTable } from '../../bench/study/recipes/page.js';
import { type Result, readResults } from '../../bench/study/recipes/results.js';
import { allRuns } from '../../bench/study/recipes/runs.js';
import { validationImages } from '../../src/method/samples.js';

test('the runs of the recipe study have names of their own and validation images', () => {
  const runs = allRuns();
  assert.equal(new Set(runs.map(({ line }) => line.run)).size, runs.length);
  for (const { line, spec } of runs)
    assert.ok(validationImages(spec, { train_count: 5_000, validation_count: 0 }), line.run);
  const known = new Set(runs.map(({ line }) => line.run));
  for (const { run } of readResults()) assert.ok(known.has(run), `${run} is still a run of the study`);
});

test('a step stands beside the baseline of the same method and the same seeds', () => {
  const result = (row: string, method: string, seed: number, validation: number): Result => ({
    ...{ run: '', part: 'steps', side: 16, stages: 1, test: 0 },
    ...{ row, method, seed, validation },
  });
  const [serial, staged] = ['back-propagation', 'augmented Lagrangian'];
  const table = stepsTable([
    result('baseline', serial, 1, 0.5),
    result('baseline', serial, 2, 0.25),
    result('baseline', staged, 1, 0.125),
    result('a step', serial, 2, 0.5),
    result('a step', serial, 1, 0.375),
    result('a step', staged, 1, 0.25),
    result('a step', staged, 2, 0.75),
  ]);
  assert.deepEqual(table.split('\n').slice(2), [
    '| 16 | baseline | 37.5 ± 12.5 |  | 12.5 |  |',
    '| 16 | a step | 43.8 ± 6.3 | +6.3 (-12.5, +25.0) | 50.0 ± 25.0 | +12.5 (+12.5) |',
  ]);
  const worth = { ...result('fine-tuned', staged, 1, 0.5), part: 'worth' } as const;
  assert.deepEqual(worthTable([worth]).split('\n'), [
    '| pixels | start | augmented Lagrangian, % |',
    '|---|---|---|',
    '| 16 | fine-tuned | 50.0 |',
  ]);
});
