import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBlobs } from '../support/run-plan.js';
import { runTrainingTask, storeTiny, tinySpec } from '../support/training-tasks.js';

// Two channels, noise, a rate that is too high: outputs shrink until every ReLU is off (seed 2 at step 16).
// Without the floor on |o|^2 (src/trainer/objective/coupling.ts) the next step divides zero by zero.
test('a stage whose output vanishes computes only finite numbers', async () => {
  await withBlobs(async (blobs) => {
    const spec = tinySpec({
      seed: 2,
      epochs: 63,
      optimizer: { learning_rate: 0.1 },
      method: { type: 'penalty', stages: 2, penalty: 4, round_steps: 40 },
    });
    const task = { key: 'stage-0-0', kind: 'stage', stage: 0, round: 0 } as const;
    const inputs = { dataset: (await storeTiny(blobs)).uri };
    const success = await runTrainingTask(task, { spec, blobs, inputs });
    assert.ok(success.outputs.state);
  });
});
