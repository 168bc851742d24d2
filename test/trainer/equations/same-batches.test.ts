import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { batchHashes } from '../support/batch-hashes.js';
import { withFolder } from '../support/run-plan.js';
import { storeTiny, type TrainingTask, tinySpec } from '../support/training-tasks.js';

const PROCESS = fileURLToPath(new URL('../support/batch-hashes-process.ts', import.meta.url));
const taskOf = (stage: number, round: number): TrainingTask => ({
  key: `stage-${stage}-${round}`,
  kind: 'stage',
  stage,
  round,
});

// docs/method.md, check 8; within one process and out of order it is in ../data.test.ts.
test('stages in two processes, a round apart, see the bitwise same augmented batches', async (t) => {
  await withFolder(async ({ folder, blobs }) => {
    const inputs = { dataset: (await storeTiny(blobs)).uri };
    const spec = tinySpec({ epochs: 3, method: { stages: 3 } });
    const steps = Array.from({ length: 24 }, (_, step) => step);
    const here = await batchHashes(taskOf(0, 0), { spec, blobs, inputs }, steps);
    const given = JSON.stringify({ folder, task: taskOf(2, 1), spec, inputs, steps: steps.toReversed() });
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', PROCESS, given]);
    assert.deepEqual((JSON.parse(stdout) as string[]).reverse(), here);
    assert.equal(new Set(here).size, steps.length, 'every batch differs from every other');
    t.diagnostic(`check 8: ${steps.length} batches bitwise equal in two processes`);
  });
});
