import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type {
  BlobUri,
  StreamEnd,
  TaskCheckpoint,
  TaskSuccess,
} from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { valuesOf } from '../../../src/planning/costs/index.js';
import type { PlannedTask } from '../../../src/planning/tasks/task-graph.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { type TaskContext, TaskStopped } from '../../../src/trainer/tasks/context.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { dividedStages } from '../../../src/trainer/tasks/train/gang.js';
import { pipeline } from '../../../src/trainer/tasks/train/methods/pipeline.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, runTraining, type TaskRun, TINY, tinySpec } from '../support/training-tasks.js';

// docs/method.md, "`pipeline`": trainers that share the stages of a round over sockets end in the bits of one trainer.

const SPEC = tinySpec({
  model: { depth: 14, width: 2 },
  epochs: 1,
  method: { type: 'pipeline', stages: 4, round_steps: 8 },
});

/** The same with messages of a byte a value: what a checkpoint holds of them must be what a neighbor would have read. */
const ROUNDED = { ...SPEC, method: { ...SPEC.method, stream: { precision: 'int8' } } } as const;

/** An event in a trainer of a gang between two of its steps. Only the first trainer begins checkpoints. */
type BetweenSteps = (step: number, member: number) => 'checkpoint' | 'stop' | 'break' | null;

interface GangRun {
  readonly outcomes: PromiseSettledResult<TaskSuccess>[];
  readonly checkpoints: TaskCheckpoint[];
}

const onHost = (folder: string, link: number): StreamEnd => ({ path: join(folder, String(link)) });

/** Ports that are free at this moment. */
async function networkEnds(count: number): Promise<(folder: string, link: number) => StreamEnd> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  const secret = randomBytes(32).toString('hex');
  return (_, link) => ({ host: '127.0.0.1', port: ports[link]!, identity: `stream-${link}`, secret });
}

/** Runs a task on several trainers, here all in this process. */
async function runGang(
  task: PlannedTask,
  options: TaskRun,
  members: number,
  between: BetweenSteps = () => null,
  meet: (folder: string, link: number) => StreamEnd = onHost,
): Promise<GangRun> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-gang-'));
  const ends = Array.from({ length: members - 1 }, (_, link) => meet(folder, link));
  const checkpoints: TaskCheckpoint[] = [];
  try {
    const runs = Array.from({ length: members }, (_, member) => {
      const context = contextOf(task, options);
      let step = 0;
      const changes: Partial<TaskContext> = {
        assignment: {
          ...context.assignment,
          gang: { member, members, listen: ends[member] ?? null, connect: ends[member - 1] ?? null },
        },
        checkpointMade: (made) => checkpoints.push(made),
        betweenSteps: async (save) => {
          const what = between(++step, member);
          if (what === 'break') throw new Error('broken');
          if (what === null || member > 0) return;
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
    return Object.entries(outputsOf(outcome.value));
  });
  return Object.fromEntries(outputs.flat());
}

function streamBytes({ outcomes }: GangRun): number {
  const sent = outcomes.map(
    (outcome) => (outcome.status === 'fulfilled' && outcome.value.result.stream_bytes) || 0,
  );
  return sent.reduce((sum, bytes) => sum + bytes, 0);
}

/** Values per image of the features that go from a trainer to the next one. */
function valuesBetween(members: number): number {
  const { stages } = describeRun(SPEC, TINY);
  return dividedStages(stages, members)
    .slice(1)
    .map(([first]) => valuesOf(first!.input))
    .reduce((sum, values) => sum + values, 0);
}

const outputsOf = ({ outputs }: TaskSuccess): Record<string, BlobUri> =>
  Object.fromEntries(Object.entries(outputs).map(([name, { uri }]) => [name, uri]));

/** Runs `body` with the task of the only round, its inputs and the outputs of a single trainer. */
function withRound(
  body: (task: PlannedTask, options: TaskRun, expected: Record<string, BlobUri>) => Promise<void>,
  spec: ResolvedSpec = SPEC,
): Promise<void> {
  return withBlobs(async (blobs) => {
    await runTraining(spec, blobs, async (task, options) => {
      const alone = await runTask(contextOf(task, options));
      await body(task, options, outputsOf(alone));
      return alone;
    });
  });
}

for (const members of [2, 3, 4]) {
  test(`K=4 on ${members} trainers: all states are bitwise those of one trainer, and what they send is counted`, async () => {
    await withRound(async (task, options, expected) => {
      const before = liveTensors();
      const run = await runGang(task, options, members);
      assert.deepEqual(joined(run), expected);
      assert.equal(streamBytes(run), 8 * 2 * 4 * SPEC.batch_size * valuesBetween(members));
      assert.equal(liveTensors(), before, 'the trainers left tensors behind');
    });
  });
}

test('K=4 on four trainers that meet on the network: the same bits, and those after a trainer is lost', async () => {
  await withRound(async (task, options, expected) => {
    const ends = await networkEnds(3);
    assert.deepEqual(joined(await runGang(task, options, 4, undefined, ends)), expected);
    for (const lost of [0, 3]) {
      const run = await runGang(
        task,
        options,
        4,
        (step, member) => (member === lost && step === 4 ? 'break' : 'checkpoint'),
        ends,
      );
      const inputs = { ...options.inputs, checkpoint: run.checkpoints.at(-1)!.uri };
      const again = { ...options, inputs, attempt: 2 };
      assert.deepEqual(joined(await runGang(task, again, 2, undefined, ends)), expected, `${lost} was lost`);
    }
  }, ROUNDED);
});

test('K=8 on two trainers, of which each has merged stages, is bitwise K=8 on eight trainers', async () => {
  const method = { ...SPEC.method, stages: 8, split: [4, 2, 2, 2, 2, 2, 2, 2] };
  const deep = { ...SPEC, model: { ...SPEC.model, depth: 38 }, method };
  await withRound(async (task, options, expected) => {
    const [merged, unmerged] = [await runGang(task, options, 2), await runGang(task, options, 8)];
    assert.deepEqual(joined(merged), expected);
    assert.deepEqual(joined(unmerged), expected);
    assert.ok(streamBytes(merged) < streamBytes(unmerged));
  }, deep);
});

test('a gang that is stopped goes on from its checkpoint, with another number of trainers, bitwise', async () => {
  await withRound(async (task, options, expected) => {
    // Before the pipeline is full, when it is full, and at the last batch but one.
    for (const [step, first, second] of [
      [2, 4, 2],
      [5, 2, 1],
      [7, 3, 4],
    ] as const) {
      const stopped = await runGang(task, options, first, (made, member) =>
        member === 0 && made === step ? 'stop' : null,
      );
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
          ? outputsOf(await runTask(contextOf(task, again)))
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

const STEPS = 4;

for (const stages of [2, 3]) {
  test(`K=${stages}: whichever trainer is lost at whichever step, the others notice, and all go on to the same bits`, async () => {
    const spec = tinySpec({
      ...{ epochs: 1, max_train_samples: SPEC.batch_size * STEPS },
      method: { type: 'pipeline', stages, round_steps: STEPS },
    });
    await withRound(async (task, options, expected) => {
      for (let lost = 0; lost < stages; lost++) {
        for (let at = 1; at < STEPS; at++) {
          const run = await runGang(task, options, stages, (step, member) =>
            member === lost && step === at ? 'break' : 'checkpoint',
          );
          for (const [member, outcome] of run.outcomes.entries()) {
            const reason: unknown = outcome.status === 'rejected' && outcome.reason;
            if (member === lost) assert.match(String(reason), /broken/);
            else
              assert.equal(reason instanceof TrainerError && reason.code, 'stream_lost', `trainer ${member}`);
          }
          const checkpoint = run.checkpoints.at(-1);
          const inputs = { ...options.inputs, ...(checkpoint && { checkpoint: checkpoint.uri }) };
          // By one trainer: gangs that go on from checkpoints are above.
          const again = await runTask(contextOf(task, { ...options, inputs, attempt: 2 }));
          assert.deepEqual(outputsOf(again), expected, `trainer ${lost} lost at step ${at}`);
        }
      }
    }, spec);
  });
}

test('a trainer that fails ends its neighbors as stream_lost', async () => {
  await withRound(async (task, options) => {
    const { outcomes } = await runGang(task, options, 3, (step, member) =>
      member === 0 && step === 3 ? 'break' : null,
    );
    const [first, ...others] = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
    assert.match(String(first), /broken/);
    for (const error of others) {
      assert.ok(error instanceof TrainerError, String(error));
      assert.equal(error.code, 'stream_lost');
    }
  });
});
