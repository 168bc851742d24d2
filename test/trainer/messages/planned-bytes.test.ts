import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan } from '../../../src/planning/forecast/forecast.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import { runTraining, TINY, tinySpec } from '../support/training-tasks.js';

// Bytes of POST /plans beside those of the files that the tasks of a job write for each other.

const MACHINE = {
  memoryBytes: null,
  bytesPerSecond: 1e9,
  roundTripSeconds: 0,
  profile: null,
  measured: null,
};
/** Headers and checks of files as small as these. The bound of docs/performance.md is 0.15. */
const WITHIN = 0.06;

const CASES: readonly [
  name: string,
  method: NonNullable<SpecChanges['method']>,
  optimizer?: SpecChanges['optimizer'],
][] = [
  ['corrections in float16', { type: 'augmented-lagrangian' }],
  ['corrections in float32', { type: 'augmented-lagrangian', corrections: { precision: 'float32' } }],
  ['corrections in int8', { type: 'augmented-lagrangian', corrections: { precision: 'int8' } }],
  [
    'corrections averaged',
    { type: 'augmented-lagrangian', corrections: { filter: 'average-2', precision: 'float32' } },
  ],
  [
    'corrections of sparse AuxNets',
    { type: 'augmented-lagrangian', auxiliary: { depth: 4 }, sparsity: { keep: 0.5 } },
  ],
  ['corrections of batches in parts', { type: 'augmented-lagrangian' }, { gradient_accumulation_steps: 2 }],
  ['the AuxNets of the penalty method', { type: 'penalty', auxiliary: { width: 48 } }],
  ['features', { type: 'local-heads' }],
  ['features that reach two stages', { type: 'local-heads', reach: 2 }],
  ['corrections and states of two replicas', { type: 'augmented-lagrangian', replicas: 2 }],
  ['AuxNets and states of two replicas', { type: 'penalty', replicas: 2 }],
  ['features and states of two replicas', { type: 'local-heads', replicas: 2 }],
];

for (const [name, method, optimizer = {}] of CASES) {
  test(`planned bytes are those that a job moves: ${name}`, async (t) => {
    await withBlobs(async (blobs) => {
      const spec = tinySpec({
        epochs: 2,
        model: { depth: 8, width: 16 },
        optimizer,
        method: { stages: 2, ...method },
      });
      const { replicas } = spec.method;
      const plan = makePlan(spec, TINY, { ...MACHINE, devices: 2 * replicas });
      const own = plan.layouts.find((layout) => layout.stages === 2 && layout.replicas === replicas);
      const planned = 2 * own!.bytes_per_epoch;
      const successes = await runTraining(spec, blobs);
      let moved = 0;
      for (const [key, { outputs }] of successes) {
        if (key === 'prepare') continue;
        for (const [output, { size_bytes: size }] of Object.entries(outputs)) {
          if (output === 'corrections' || output === 'features') moved += size;
          // Each replica of the neighbor reads those of all.
          if (output === 'auxiliary') moved += replicas * size;
          // Each replica stores its state, and reads those of all; a single one has it where it goes on.
          if (output === 'state' && replicas > 1) moved += (1 + replicas) * size;
        }
      }
      const off = planned / moved - 1;
      t.diagnostic(`${name}: ${planned.toFixed(0)} planned, ${moved} moved, ${(100 * off).toFixed(1)} % off`);
      assert.ok(moved > 0 && Math.abs(off) < WITHIN, `${planned} planned, ${moved} moved`);
    });
  });
}
