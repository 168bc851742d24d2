import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TaskCheckpoint } from '../../../src/contract/trainer-protocol.js';
import { roundsOf, stepsOfTask } from '../../../src/method/index.js';
import { BlobMissingError } from '../../../src/storage/errors.js';
import { randomStream } from '../../../src/trainer/random.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { withFolder } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import {
  contentsOf,
  METHODS,
  runTraining,
  runTrainingTask,
  type TaskRun,
  TINY,
  type TrainingTask,
  tinySpec,
} from '../support/training-tasks.js';

// docs/method.md, check 10: a task is killed and run again. Everything is bitwise: outputs are compared by content.

const ROUND = 8;
const KILLED_TASK = fileURLToPath(new URL('../support/killed-task.ts', import.meta.url));

class Killed extends Error {}

function killAfter(steps: number): () => void {
  let left = steps;
  return () => {
    if (--left === 0) throw new Killed();
  };
}

/** The statistics of the first block are estimated before the first round, and kept for two rounds; then it trains. */
const FROZEN: SpecChanges = {
  freeze: { blocks: 1, norm: 'frozen', until_epoch: 2 },
  init_from: { checkpoint: 'job_1-final', head: 'keep', statistics: 'estimate' },
};
/** Without augmentation, the output of frozen blocks is stored. */
const STILL: SpecChanges = { augmentation: { crop_padding: 0, horizontal_flip: false } };
/** Two moments and a count of updates to keep, two parts to a batch, and a rate of the AuxNets' own. */
const ADAMW: SpecChanges = {
  ...FROZEN,
  optimizer: { type: 'adamw', learning_rate: 0.01, gradient_accumulation_steps: 2 },
  method: { stages: 2, auxiliary: { learning_rate: 0.003 } },
};
const CASES: readonly [name: string, type: (typeof METHODS)[number], changes: SpecChanges][] = [
  ...METHODS.map((type): [string, typeof type, SpecChanges] => [type, type, {}]),
  [
    'augmented-lagrangian by AdamW on parts of batches, with a block that is frozen for two epochs',
    'augmented-lagrangian',
    ADAMW,
  ],
  ['local-heads that reach two stages', 'local-heads', { method: { reach: 2 } }],
  [
    'augmented-lagrangian with replicas, on parts of batches',
    'augmented-lagrangian',
    { optimizer: { gradient_accumulation_steps: 2 }, method: { replicas: 3 } },
  ],
  ['local-heads with replicas', 'local-heads', { method: { replicas: 3 } }],
  [
    'augmented-lagrangian with sparse AuxNets, by AdamW',
    'augmented-lagrangian',
    { optimizer: { type: 'adamw', learning_rate: 0.01 }, method: { sparsity: { keep: 0.5, regrow: 0.3 } } },
  ],
  [
    'augmented-lagrangian over two levels',
    'augmented-lagrangian',
    { model: { depth: 14 }, method: { stages: 2, levels: { count: 2, shares: [1 / 3] } } },
  ],
  ['penalty with the Bregman loss', 'penalty', { method: { coupling: 'bregman-relu' } }],
  [
    'pipeline by K-FAC that recomputes, with steps between rounds and stored features of a block that is frozen for two epochs',
    'pipeline',
    {
      ...FROZEN,
      ...STILL,
      optimizer: { type: 'kfac', factor_interval: 3 },
      method: { stages: 2, memory: 'recompute', outer: { rate: 0.7, momentum: 0.5 } },
    },
  ],
];

function specOf(type: (typeof METHODS)[number], changes: SpecChanges) {
  const stages = type === 'backprop' ? 1 : 3;
  return tinySpec({
    epochs: 4,
    ...changes,
    method: { type, stages, round_steps: ROUND, end_to_end_share: 0.25, ...changes.method },
  });
}

for (const [name, type, changes] of CASES) {
  const spec = specOf(type, changes);

  test(`${name}: every task stopped at another step and run again: all outputs bitwise equal`, async (t) => {
    const expected = await withFolder(async ({ blobs }) =>
      contentsOfAll(await runTraining(spec, blobs), blobs),
    );
    await withFolder(async ({ blobs }) => {
      let kills = 0;
      const run = await runTraining(spec, blobs, async (task, options) => {
        const before = liveTensors();
        // A replica takes some of its round's steps only. A task without steps fits AuxNets, and can be stopped once.
        const steps = Math.max(1, stepsOfTask(roundsOf(spec, TINY), task) ?? 0);
        const onStep = killAfter(1 + (kills++ % steps));
        await assert.rejects(runTrainingTask(task, { ...options, onStep }), Killed);
        assert.equal(liveTensors(), before, 'the stopped attempt left tensors behind');
        for (const name of task.outputs) {
          assert.equal(await blobs.exists(`spool:job/${task.key}-a1/${name}`), false);
        }
        return await runTrainingTask(task, { ...options, attempt: 2 });
      });
      assert.deepEqual(await contentsOfAll(run, blobs), expected);
      t.diagnostic(`check 10, ${name}: ${kills} tasks stopped and run again, outputs bitwise equal`);
    });
  });
}

/** Draws where attempts are ended, from a seed that a failure prints. */
const SEED = Number(process.env.SEED ?? 11);

for (const [name, type, changes] of CASES) {
  const spec = specOf(type, changes);

  test(`${name}: every task resumed twice from checkpoints within its round: bitwise equal (SEED ${SEED})`, async (t) => {
    const random = randomStream(SEED, name);
    const draw = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
    const expected = await withFolder(async ({ blobs }) =>
      contentsOfAll(await runTraining(spec, blobs), blobs),
    );
    await withFolder(async ({ blobs }) => {
      let checkpoints = 0;
      // Stored variables change in place: only the attempt that ends at its checkpoint can keep them.
      const latest = type === 'stored' ? 0 : 2;
      const run = await runTraining(spec, blobs, async (task, options) => {
        const before = liveTensors();
        const first = await interrupted(task, options, 1, draw(1, ROUND), draw(0, latest));
        const second = await interrupted(task, resumeAt(options, first), 2, draw(1, ROUND), 0);
        assert.equal(liveTensors(), before, 'the interrupted attempts left tensors behind');
        checkpoints += 2;
        return await runTrainingTask(task, { ...resumeAt(options, second), attempt: 3 });
      });
      assert.deepEqual(await contentsOfAll(run, blobs), expected);
      t.diagnostic(`check 10, ${name}: ${checkpoints} checkpoints resumed from, outputs bitwise equal`);
    });
  });
}

const resumeAt = (options: TaskRun, { uri }: TaskCheckpoint): TaskRun => ({
  ...options,
  inputs: { ...options.inputs, checkpoint: uri },
});

/** Runs an attempt that makes a checkpoint after `steps` steps or at its end, and is ended `later` steps after that. */
async function interrupted(
  task: TrainingTask,
  options: TaskRun,
  attempt: number,
  steps: number,
  later: number,
  isLast = ({ share }: TaskCheckpoint) => share === 1,
): Promise<TaskCheckpoint> {
  let made = 0;
  let checkpoint: TaskCheckpoint | null = null;
  const onStep = async (save: () => Promise<TaskCheckpoint>) => {
    made++;
    const saved = await save();
    if (made === steps || (made < steps && isLast(saved))) checkpoint = saved;
    if (made === steps + later || isLast(saved)) throw new Killed();
  };
  // One that starts at the end of the round has no step left to be interrupted at.
  await runTrainingTask(task, { ...options, attempt, onStep }).catch((error) => {
    if (!(error instanceof Killed)) throw error;
  });
  const { checkpoint: resumed } = options.inputs;
  return checkpoint ?? { uri: resumed!, size_bytes: 0, step: 0, share: 1 };
}

test('a hand-over stopped in its second AuxNet goes on there: the first is not fitted again, outputs bitwise equal', async (t) => {
  const spec = tinySpec({
    epochs: 2,
    method: { type: 'augmented-lagrangian', stages: 3, warm_start_epochs: 1, round_steps: ROUND },
  });
  await withFolder(async ({ blobs }) => {
    let handOver: TrainingTask | null = null;
    await runTraining(spec, blobs, async (task, options) => {
      if (task.kind !== 'end_to_end') return await runTrainingTask(task, options);
      handOver = task;
      let steps = 0;
      const undisturbed = await runTrainingTask(task, { ...options, onStep: () => void steps++ });
      const before = liveTensors();
      const stopAt = steps - 50;
      const stopped = await interrupted(task, options, 2, stopAt, 0, () => false);
      assert.equal(liveTensors(), before, 'the stopped attempt left tensors behind');
      let left = 0;
      const onStep = () => void left++;
      const resumed = await runTrainingTask(task, { ...resumeAt(options, stopped), attempt: 3, onStep });
      assert.deepEqual(await contentsOf(resumed, blobs), await contentsOf(undisturbed, blobs));
      // 8 steps of training, 200 of each fit: the second fit alone is made again.
      assert.deepEqual([steps, left], [ROUND + 400, 200]);
      t.diagnostic(`check 10, hand-over: stopped at step ${stopAt} of ${steps}, ${left} made after it`);
      return undisturbed;
    });
    assert.ok(handOver);
  });
});

test('an attempt that was taken for dead runs on beside its successor: neither disturbs the other', async () => {
  const spec = tinySpec({ epochs: 1, method: { type: 'augmented-lagrangian', stages: 2 } });
  await withFolder(async ({ blobs }) => {
    await runTraining(spec, blobs, async (task, options) => {
      if (task.key !== 'stage-1-0') return await runTrainingTask(task, options);
      const saved: TaskCheckpoint[] = [];
      const onStep = async (save: () => Promise<TaskCheckpoint>) => void saved.push(await save());
      const undisturbed = await runTrainingTask(task, { ...options, onStep });
      // The old attempt has written on, and even committed, before the new one reads what it left at step 3.
      const resumed = await runTrainingTask(task, { ...resumeAt(options, saved[2]!), attempt: 2 });
      assert.deepEqual(await contentsOf(resumed, blobs), await contentsOf(undisturbed, blobs));
      await blobs.deleteSpool('job/stage-1-0-a');
      const late = runTrainingTask(task, { ...resumeAt(options, saved[2]!), attempt: 3 });
      await assert.rejects(late, BlobMissingError);
      return undisturbed;
    }).catch((error) => {
      // Its reader finds the corrections deleted too.
      if (!(error instanceof BlobMissingError)) throw error;
    });
  });
});

test('a process killed with SIGKILL in the middle of a round leaves no trace in later outputs', async (t) => {
  const spec = tinySpec({ epochs: 2, method: { type: 'augmented-lagrangian', stages: 2 } });
  const expected = await withFolder(async ({ blobs }) =>
    contentsOfAll(await runTraining(spec, blobs), blobs),
  );
  await withFolder(async ({ folder, blobs }) => {
    let killed = false;
    const run = await runTraining(spec, blobs, async (task, options) => {
      if (task.key === 'stage-1-1') {
        const { key, kind, stage, round } = task;
        const assignment = {
          folder,
          task: { key, kind, stage, round },
          spec,
          inputs: options.inputs,
          killAfter: 5,
        };
        assert.equal(await signalOf(JSON.stringify(assignment)), 'SIGKILL');
        assert.equal(await blobs.exists('spool:job/stage-1-1-a1/corrections'), false);
        killed = true;
      }
      return await runTrainingTask(task, { ...options, attempt: killed ? 2 : 1 });
    });
    assert.ok(killed);
    assert.deepEqual(await contentsOfAll(run, blobs), expected);
    t.diagnostic('check 10: killed at step 5 of 8 of round 1, outputs bitwise equal');
  });
});

/** Contents of all outputs of all tasks, by task and name. */
async function contentsOfAll(
  successes: Awaited<ReturnType<typeof runTraining>>,
  blobs: Parameters<typeof contentsOf>[1],
): Promise<Record<string, unknown>> {
  const entries = [...successes].map(async ([key, success]) => [key, await contentsOf(success, blobs)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The signal that ends the process. */
function signalOf(assignment: string): Promise<string | null | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', KILLED_TASK, assignment], (error) => {
      resolve(error?.signal);
    });
  });
}
