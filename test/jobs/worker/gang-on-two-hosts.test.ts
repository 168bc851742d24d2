import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { layWire, type Wire, whyNoWire } from '../../../bench/wire/wire.js';
import type { NetworkEnd, TaskAssignment, TaskCheckpoint } from '../../../src/contract/trainer-protocol.js';
import { nodeCommand } from '../../../src/jobs/worker/children/node-command.js';
import type { Outcome } from '../../../src/jobs/worker/children/trainer-child.js';
import { TrainerChild } from '../../../src/jobs/worker/children/trainer-child.js';
import { computingEnvironment } from '../../../src/jobs/worker/children/trainer-command.js';
import type { Slot } from '../../../src/jobs/worker/slots/slot.js';
import { Gang } from '../../../src/jobs/worker/tasks/gang.js';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { serviceModule } from '../../support/service-module.js';
import { contextOf, runTraining, tinySpec } from '../../trainer/support/training-tasks.js';

// docs/adr/0027: real trainers on two hosts, which are network namespaces with a round trip of 20 ms.

const HOSTS = ['strata-gang-a', 'strata-gang-b'] as const;
const ROUND_TRIP_MS = 20;
const SECRET = 'ab'.repeat(32);

interface Place {
  readonly wire: Wire;
  readonly folder: string;
}

/** Trainers are on the hosts in turn. */
function startTrainer({ wire, folder }: Place, index: number): TrainerChild {
  const environment = computingEnvironment(process.env, { blobUrl: pathToFileURL(folder).href });
  const { path } = serviceModule('trainer/main.ts');
  const command = [...wire.onHost(HOSTS[index % 2]!), ...nodeCommand(path)];
  return new TrainerChild(command, { ...environment, TF_CPP_MIN_LOG_LEVEL: '2' });
}

interface GangRun {
  readonly outcome: Outcome;
  readonly checkpoints: readonly TaskCheckpoint[];
}

/** @param kill the trainer that is killed when the first checkpoint is there; null: none */
async function runGang(
  { wire }: Place,
  trainers: readonly TrainerChild[],
  assignment: TaskAssignment,
  kill: number | null = null,
): Promise<GangRun> {
  const ends = trainers.slice(1).map((_, link): NetworkEnd => {
    const host = wire.addressOf(HOSTS[link % 2]!);
    return { host, port: 7_700 + link, identity: `stream-${link}`, secret: SECRET };
  });
  const [first, ...guests] = trainers;
  // A gang needs of a slot what a trainer has.
  const gang = new Gang([first as unknown as Slot]);
  gang.join({ members: guests, ends, close: async () => undefined });
  const checkpoints: TaskCheckpoint[] = [];
  const outcome = await gang.run(
    assignment,
    (report) => {
      if (report.type === 'progress' && kill !== null) gang.askCheckpoint(assignment, false);
      if (report.type !== 'checkpoint') return;
      checkpoints.push(report.checkpoint);
      if (kill !== null) void trainers[kill]?.kill('the test');
    },
    () => undefined,
  );
  return { outcome, checkpoints };
}

function outputsOf(outcome: Outcome): Record<string, string> {
  assert.equal(outcome.kind, 'succeeded', JSON.stringify(outcome));
  const outputs = outcome.kind === 'succeeded' ? outcome.success.outputs : {};
  return Object.fromEntries(Object.entries(outputs).map(([name, { uri }]) => [name, uri]));
}

const skip = await whyNoWire();

/** Stages, and the trainers that are killed, one after the other. Those of K=4 cost a minute. */
const RUNS = [
  [2, [0, 1]],
  [4, []],
] as const;

for (const [stages, killed] of RUNS) {
  test(`K=${stages} on two hosts with a round trip of ${ROUND_TRIP_MS} ms is bitwise K=${stages} on one, and after ${killed.length} kills`, {
    skip: skip ?? false,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strata-two-hosts-'));
    const wire = await layWire(HOSTS, false);
    const place = { wire, folder };
    const spec = tinySpec({
      model: { depth: 14, width: 2 },
      epochs: 4,
      method: { type: 'pipeline', stages, round_steps: 32 },
    });
    let trainers = Array.from({ length: stages }, (_, index) => startTrainer(place, index));
    try {
      await wire.roundTrip(ROUND_TRIP_MS);
      await Promise.all(trainers.map(({ ready }) => ready));
      const blobs = createFolderStore(folder);
      await runTraining(spec, blobs, async (task, options) => {
        const alone = await runTask(contextOf(task, options));
        const { assignment } = contextOf(task, options);
        const expected = outputsOf({ kind: 'succeeded', success: alone });
        assert.deepEqual(outputsOf((await runGang(place, trainers, assignment)).outcome), expected);
        for (const member of killed) {
          const { outcome, checkpoints } = await runGang(place, trainers, assignment, member);
          assert.equal(
            outcome.kind === 'failed' && outcome.failure.code,
            'stream_lost',
            JSON.stringify(outcome),
          );
          assert.ok(checkpoints[0]);
          trainers = trainers.map((each, index) => (each.alive ? each : startTrainer(place, index)));
          await Promise.all(trainers.map(({ ready }) => ready));
          const inputs = { ...assignment.inputs, checkpoint: checkpoints.at(-1)!.uri };
          const again = await runGang(place, trainers, { ...assignment, attempt: member + 2, inputs });
          assert.deepEqual(outputsOf(again.outcome), expected, `trainer ${member} was killed`);
        }
        return alone;
      });
    } finally {
      await Promise.all(trainers.map((trainer) => trainer.kill('the test is over')));
      await wire.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}
