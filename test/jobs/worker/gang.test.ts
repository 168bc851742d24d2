import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import type { TaskAssignment, TaskFailure } from '../../../src/contract/trainer-protocol.js';
import type { Outcome } from '../../../src/jobs/worker/children/trainer-child.js';
import type { Slot } from '../../../src/jobs/worker/slots/slot.js';
import { Gang, joinedOutcome, trainersFor } from '../../../src/jobs/worker/tasks/gang.js';
import { Helpers } from '../../../src/jobs/worker/tasks/helpers.js';
import { resolved } from '../support/specs.js';

const failed = (code: string): Outcome => {
  const failure: TaskFailure = { code, message: code, stage: null, step: null, tensor: null };
  return { kind: 'failed', failure };
};
const gone = (killer: 'worker' | 'unknown'): Outcome => ({
  kind: 'gone',
  message: 'gone',
  killer,
  signal: 'SIGKILL',
});
const succeeded = (stage: number, forward: number): Outcome => ({
  kind: 'succeeded',
  success: {
    outputs: { [`state-${stage}`]: { uri: `sha256:${stage}`, size_bytes: 1 } },
    seconds: { forward },
    artifacts: [],
    result: { stream_bytes: 5 },
  },
});

test('a gang has the outputs of all its trainers, the sums of their figures, the mean of their seconds, and those of each', () => {
  const joined = joinedOutcome([succeeded(0, 2), succeeded(1, 4)]);
  assert.ok(joined.kind === 'succeeded');
  assert.deepEqual(Object.keys(joined.success.outputs), ['state-0', 'state-1']);
  assert.deepEqual(joined.success.seconds, { forward: 3 });
  assert.deepEqual(joined.success.result, { stream_bytes: 10 });
  assert.deepEqual(joined.success.trainers, [{ forward: 2 }, { forward: 4 }]);
});

test('a gang ends as the trainer that ended first would, not as those that lost it', () => {
  const stopped: Outcome = { kind: 'stopped' };
  const lost = failed('stream_lost');
  const first = failed('non_finite_loss');
  assert.deepEqual(joinedOutcome([lost, first, gone('unknown')]), first);
  assert.deepEqual(joinedOutcome([lost, gone('unknown'), gone('worker')]), gone('unknown'));
  assert.deepEqual(joinedOutcome([stopped, stopped]), stopped);
  assert.deepEqual(joinedOutcome([stopped, gone('unknown')]), gone('unknown'));
  assert.deepEqual(joinedOutcome([succeeded(0, 1), lost]), lost);
});

/** A slot whose trainer ends a task as it is told. */
function fakeSlot(outcome: (assignment: TaskAssignment) => Promise<Outcome>) {
  const asked: boolean[] = [];
  const slot = {
    asked,
    run: outcome,
    askCheckpoint: (_: TaskAssignment, stop: boolean) => void asked.push(stop),
    kill: async () => undefined,
  };
  return slot as typeof slot & Slot;
}

test('each trainer gets its place and the folder of the attempt, and the first one is asked for checkpoints', async () => {
  const places: TaskAssignment['gang'][] = [];
  const slots = [0, 1].map((stage) =>
    fakeSlot(async ({ gang }) => {
      places.push(gang);
      const end = gang?.listen ?? gang?.connect;
      assert.ok(end && 'path' in end && existsSync(dirname(end.path)));
      return succeeded(stage, 1);
    }),
  );
  const gang = new Gang(slots);
  const assignment = { spec: resolved(), kind: 'stage', stage: null } as unknown as TaskAssignment;
  const lines: string[] = [];
  const outcome = await gang.run(
    assignment,
    () => undefined,
    ({ text }) => lines.push(text),
  );
  assert.equal(outcome.kind, 'succeeded');
  assert.deepEqual(
    places.map((place) => [place?.member, place?.members]),
    [
      [0, 2],
      [1, 2],
    ],
  );
  const [first, second] = places;
  assert.deepEqual([first?.connect, second?.listen, second?.connect], [null, null, first?.listen]);
  assert.ok(first?.listen && 'path' in first.listen);
  assert.equal(existsSync(dirname(first.listen.path)), false, 'the folder is removed');
  assert.deepEqual(lines, ['2 trainers of this worker share the stages']);
  gang.askCheckpoint(assignment, true);
  assert.deepEqual([slots[0]?.asked, slots[1]?.asked], [[true], []]);
});

test('the first slot runs the task alone without a temporary folder', async (t) => {
  const before = process.env.TMPDIR;
  t.after(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });
  for (const folder of ['/nowhere', `/tmp/${'long'.repeat(30)}`]) {
    process.env.TMPDIR = folder;
    const alone = fakeSlot(async ({ gang }) => {
      assert.equal(gang, undefined);
      return succeeded(0, 1);
    });
    const idle = fakeSlot(() => assert.fail('the second slot has no part'));
    const assignment = { spec: resolved() } as unknown as TaskAssignment;
    const outcome = await new Gang([alone, idle]).run(
      assignment,
      () => undefined,
      () => undefined,
    );
    assert.equal(outcome.kind, 'succeeded');
  }
});

test('only a round of a pipeline takes more than one trainer', () => {
  const trainers = (type: 'pipeline' | 'rounds', stages: number, kind: 'stage' | 'end_to_end' = 'stage') =>
    trainersFor({ kind, stage: null, spec: resolved({ method: { type, stages } }) } as TaskAssignment);
  assert.equal(trainers('pipeline', 3), 3);
  assert.equal(trainers('pipeline', 1), 1);
  assert.equal(trainers('pipeline', 3, 'end_to_end'), 1);
  assert.equal(trainers('rounds', 3), 1);
});

test('a task waits for a slot that finds nothing, keeps its helpers for the next one, and gives back those left over', async () => {
  const slots = ['a', 'b', 'c'].map((name) => ({ name, free: false, release: () => undefined }));
  const [a, b, c] = slots as unknown as [Slot, Slot, Slot];
  const events: string[] = [];
  const free = new Set([b]);
  const helpers = new Helpers({
    reserveBeside: (_, max) => {
      const reserved = [...free].slice(0, max);
      for (const slot of reserved) free.delete(slot);
      return reserved;
    },
    wakeSlot: () => void events.push('woken'),
  });
  let found: (value: null) => void = () => undefined;
  const look = helpers.look(new Promise<null>((resolve) => (found = resolve)));
  const beside: Slot[] = [];
  const gathered = helpers.gather(a, beside, 2);
  void look.then(() => free.add(c));
  found(null);
  await gathered;
  assert.deepEqual(beside, [b, c]);
  await helpers.gather(a, beside, 1);
  assert.deepEqual([beside, events], [[b], ['woken']]);
  helpers.giveBack(beside);
  assert.deepEqual([beside, events], [[], ['woken', 'woken']]);
});
