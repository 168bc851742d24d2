import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportFigures, inaccurateExport } from '../../../../src/trainer/tasks/finalize/export-figures.js';

const rounded = { images: 1000, accuracy: 0.9, trainedAccuracy: 0.905, onnx: null };
const split = {} as Parameters<typeof exportFigures>[2];

const figuresAt = (limit: number, exported: Partial<typeof rounded> | null) =>
  exportFigures(
    'tfjs-graph-int8',
    {
      artifacts: [{ size_bytes: 3 }, { size_bytes: 4 }],
      maxDifference: 0.1,
      rounded: exported && { ...rounded, ...exported },
    },
    split,
    {
      now: () => 0,
      assignment: {
        spec: { export_options: { fold_batch_norm: false, outputs: [], max_accuracy_drop: limit } },
      },
    },
  );

test('a file with rounded weights is stored up to the limit of accuracy, and beyond it the job warns with the remedy', async () => {
  const within = await figuresAt(0.01, {});
  assert.deepEqual(
    [within.size_bytes, within.rounded?.stored, inaccurateExport('full', within)],
    [7, true, null],
  );
  const beyond = await figuresAt(0.001, {});
  assert.equal(beyond.rounded?.stored, false);
  const warning = inaccurateExport('compact', beyond);
  assert.equal(warning?.code, 'export_inaccurate');
  assert.match(
    warning!.message,
    /^tfjs-graph-int8 of the compact network classifies 90\.0 % of 1000 test images/,
  );
  assert.match(warning!.message, /raise export_options\.max_accuracy_drop/);
});

test('a file that is better than the trained network is stored at any limit, and one that answers NaN at none', async () => {
  assert.equal((await figuresAt(0, { accuracy: 0.91 })).rounded?.stored, true);
  assert.equal((await figuresAt(1, { accuracy: Number.NaN })).rounded?.stored, false);
  assert.equal(inaccurateExport('full', await figuresAt(0, null)), null);
});
