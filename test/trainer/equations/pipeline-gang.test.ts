import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobUri, TaskCheckpoint, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import type { PlannedTask } from '../../../src/planning/tasks/task-graph.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { type TaskContext, TaskStopped } from '../../../src/trainer/tasks/context.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { pipeline } from '../../../src/trainer/tasks/train/methods/pipeline.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, runTraining, type TaskRun, tinySpec } from '../support/training-tasks.js';

// docs/method.md, "`pipeline`": trainers that share the stages of a round over sockets end in the bits of one trainer.

const SPEC = tinySpec({
  model: { depth: 14, width: 2 },
  epochs: 1,
  method: { type: 'pipeline', stages: 4, round_steps: 8 },
});

/** The same with messages of a byte a value: what a checkpoint holds of them must be what a neighbor would have read. */
const ROUNDED = { ...SPEC, method: { ...SPEC.method, stream: { precision: 'int8' } } } as const;

/** An event in a gang between two steps of its first trainer. */
type BetweenSteps = (step: number) => 'checkpoint' | 'stop' | 'break' | null;

interface GangRun {
  readonly outcomes: PromiseSettledResult<TaskSuccess>[];
  readonly checkpoints: TaskCheckpoint[];
}

/** Runs a task on several trainers, here all in this process. */
async function runGang(
  task: PlannedTask,
  options: TaskRun,
  members: number,
  between: BetweenSteps = () => null,
): Promise<GangRun> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-gang-'));
  const checkpoints: TaskCheckpoint[] = [];
  try {
    const runs = Array.from({ length: members }, (_, member) => {
      const context = contextOf(task, options);
      let step = 0;
      const changes: Partial<TaskContext> = {
        assignment: { ...context.assignment, gang: { member, members, folder } },
        checkpointMade: (made) => checkpoints.push(made),
        betweenSteps: async (save) => {
          const what = member === 0 ? between(++step) : null;
          if (what === 'break') throw new Error('broken');
          if (what === null) return;
          assert.equal(await save?.(what === 'stop'), null, 'the first trainer stores no checkpoint itself');
          if (what === 'stop') throw new TaskStopped();
        },
      };
      // A task that fails frees all tensors of its process, here those of other trainers too: so not by runTask.
      return pipeline.train({ ...context, ...changes });
    });
    return { outcomes: await Promise.allSettled(runs), checkpoints };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function joined({ outcomes }: GangRun): Record<string, BlobUri> {
  const outputs = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return Object.entries(outcome.value.outputs).map(([name, { uri }]) => [name, uri] as const);
  });
  return Object.fromEntries(outputs.flat());
}

/** Runs `body` with the task of the only round, its inputs and the outputs of a single trainer. */
function withRound(
  body: (task: PlannedTask, options: TaskRun, expected: Record<string, BlobUri>) => Promise<void>,
  spec: ResolvedSpec = SPEC,
): Promise<void> {
  return withBlobs(async (blobs) => {
    await runTraining(spec, blobs, async (task, options) => {
      const alone = await runTask(contextOf(task, options));
      const expected = Object.entries(alone.outputs).map(([name, { uri }]) => [name, uri]);
      await body(task, options, Object.fromEntries(expected));
      return alone;
    });
  });
}

for (const members of [2, 3, 4]) {
  test(`K=4 on ${members} trainers: all states are bitwise those of one trainer`, async () => {
    await withRound(async (task, options, expected) => {
      const before = liveTensors();
      assert.deepEqual(joined(await runGang(task, options, members)), expected);
      assert.equal(liveTensors(), before, 'the trainers left tensors behind');
    });
  });
}

test('a gang that is stopped goes on from its checkpoint, with another number of trainers, bitwise', async () => {
  await withRound(async (task, options, expected) => {
    // Before the pipeline is full, when it is full, and at the last batch but one.
    for (const [step, first, second] of [
      [2, 4, 2],
      [5, 2, 1],
      [7, 3, 4],
    ] as const) {
      const stopped = await runGang(task, options, first, (made) => (made === step ? 'stop' : null));
      for (const outcome of stopped.outcomes) {
        const reason = outcome.status === 'rejected' ? outcome.reason : outcome.value;
        assert.ok(reason instanceof TaskStopped, `step ${step}: ${reason}`);
      }
      const [checkpoint] = stopped.checkpoints;
      assert.deepEqual(
        [stopped.checkpoints.length, checkpoint?.step, checkpoint?.share],
        [1, step, step / 8],
      );
      const inputs = { ...options.inputs, checkpoint: checkpoint!.uri };
      const again = { ...options, inputs, attempt: 2 };
      const resumed =
        second === 1
          ? Object.fromEntries(
              Object.entries((await runTask(contextOf(task, again))).outputs).map(([name, { uri }]) => [
                name,
                uri,
              ]),
            )
          : joined(await runGang(task, again, second));
      assert.deepEqual(resumed, expected, `stopped at step ${step}`);
    }
  }, ROUNDED);
});

test('a checkpoint without an end disturbs nothing, and none is made after the last batch', async () => {
  await withRound(async (task, options, expected) => {
    const run = await runGang(task, options, 2, () => 'checkpoint');
    assert.deepEqual(joined(run), expected);
    assert.deepEqual(
      run.checkpoints.map(({ step }) => step),
      [1, 2, 3, 4, 5, 6, 7],
    );
    const inputs = { ...options.inputs, checkpoint: run.checkpoints[3]!.uri };
    assert.deepEqual(
      joined(await runGang(task, { ...options, inputs, attempt: 2 }, 2, () => 'checkpoint')),
      expected,
    );
  });
});

test('a trainer that fails ends its neighbors as stream_lost', async () => {
  await withRound(async (task, options) => {
    const { outcomes } = await runGang(task, options, 3, (step) => (step === 3 ? 'break' : null));
    const [first, ...others] = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
    assert.match(String(first), /broken/);
    for (const error of others) {
      assert.ok(error instanceof TrainerError, String(error));
      assert.equal(error.code, 'stream_lost');
    }
  });
});
