import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import {
  inMemory,
  meanOf,
  meanState,
  type NamedValues,
  replicaRateAt,
} from '../../../src/trainer/optimizer/index.js';
import { joinedState } from '../../../src/trainer/tasks/inputs/states-before.js';
import { plainMean } from '../support/plain-mean.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, runTraining, runTrainingTask, TINY, tinySpec } from '../support/training-tasks.js';

// docs/method.md, "The end-to-end phase on K devices".

/** Two stages, of whose 32 steps the last are end to end: 16, or 8 that no cap on the rate touches. */
const specOf = (replicas: number, roundSteps: number, momentum = 0, share = 0.5) =>
  tinySpec({
    epochs: 4,
    optimizer: { learning_rate: 0.05, momentum },
    method: {
      type: 'augmented-lagrangian',
      stages: 2,
      end_to_end_share: share,
      end_to_end_replicas: replicas,
      round_steps: roundSteps,
    },
  });

const weightsOf = async (blobs: BlobStore, success: TaskSuccess) =>
  decodeState(await blobs.get(success.outputs.state!.uri)).weights;

function distance(a: NamedValues, b: NamedValues): number {
  const squares = [...a].map(([name, values]) =>
    values.reduce((sum, value, index) => sum + (value - b.get(name)![index]!) ** 2, 0),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
}

test('the mean of replicas that made one step each from the same weights is the step by all of their batches', async (t) => {
  await withBlobs(async (blobs) => {
    const replicas = 4;
    const spec = specOf(replicas, replicas, 0, 0.25);
    const inputsOf = new Map<string, Record<string, BlobUri>>();
    const run = await runTraining(spec, blobs, async (task, options) => {
      inputsOf.set(task.key, { ...options.inputs });
      return await runTrainingTask(task, options);
    });
    const first = (replica: number) => run.get(`end_to_end-0-${replica}`)!;
    const inputs = inputsOf.get('end_to_end-0-0')!;
    const start = (await joinedOf(spec, blobs, inputs)).weights;
    // The oracle: without momentum a step moves the weights by minus rate times gradient. Each of these begins where the
    // replicas began, on a device of its own, at the schedule's rate.
    const alone = specOf(1, 1, 0, 0.25);
    const moves = await Promise.all(
      [0, 1, 2, 3].map(async (round) => {
        const task = { key: `alone-${round}`, kind: 'end_to_end', stage: null, round } as const;
        return weightsOf(blobs, await runTrainingTask(task, { spec: alone, blobs, inputs }));
      }),
    );
    const expected = new Map(
      [...moves[0]!.keys()].map((name) => {
        const from = start.get(name)!;
        const to = from.map((value, i) =>
          moves.reduce((sum, moved) => sum + moved.get(name)![i]! - value, value),
        );
        return [name, to];
      }),
    );
    const mean = plainMean(
      await Promise.all([0, 1, 2, 3].map(async (r) => (await stateOf(blobs, first(r))).weights)),
    );
    const error = distance(expected, mean) / distance(expected, start);
    t.diagnostic(`mean of ${replicas} replicas against their gradients' sum: ${error.toExponential(1)}`);
    // Weights in float32 hold moves of a hundredth of them to five digits.
    assert.ok(error < 1e-4, `${error}`);
    assert.ok(distance(expected, start) > 0);
  });
});

test('a round begins with the mean of all replicas, weights and momentum, in the order of their numbers', async () => {
  await withBlobs(async (blobs) => {
    const spec = specOf(3, 6, 0.9);
    const inputsOf = new Map<string, Record<string, BlobUri>>();
    const run = await runTraining(spec, blobs, async (task, options) => {
      inputsOf.set(task.key, { ...options.inputs });
      return await runTrainingTask(task, options);
    });
    const states = await Promise.all([0, 1, 2].map((r) => stateOf(blobs, run.get(`end_to_end-1-${r}`)!)));
    const inputs = inputsOf.get('end_to_end-2-0')!;
    const backwards = Object.fromEntries(Object.entries(inputs).reverse());
    const momenta = states.map(({ slots }) => slots.get('momentum')!);
    for (const given of [inputs, backwards]) {
      const begun = await joinedOf(spec, blobs, given);
      assert.deepEqual([...begun.weights], [...plainMean(states.map(({ weights }) => weights))]);
      assert.deepEqual([...begun.slots.get('momentum')!], [...plainMean(momenta)]);
    }
    assert.ok(distance(states[0]!.weights, states[2]!.weights) > 0, 'each trained on batches of its own');
    assert.ok(distance(momenta[0]!, momenta[2]!) > 0, 'each remembers gradients of its own');
  });
});

test('a round after a step between rounds begins on the way from the start of the last one to the mean of its replicas', async () => {
  await withBlobs(async (blobs) => {
    const [rate, momentum] = [0.7, 0.5];
    const plain = specOf(3, 4, 0.9);
    const spec = { ...plain, method: { ...plain.method, outer: { rate, momentum } } };
    const inputsOf = new Map<string, Record<string, BlobUri>>();
    const run = await runTraining(spec, blobs, async (task, options) => {
      inputsOf.set(task.key, { ...options.inputs });
      return await runTrainingTask(task, options);
    });
    // The oracle: DiLoCo's step (arXiv:2311.08105, algorithm 1), rounded to float32 once per value.
    const joined = (await joinedOf(spec, blobs, inputsOf.get('end_to_end-0-0')!)).weights;
    // The stages bring their AuxNets along; replicas train the network alone.
    let start = new Map([...joined].filter(([name]) => !name.startsWith('aux')));
    let velocity = new Map([...start].map(([name, values]) => [name, new Float32Array(values.length)]));
    for (const round of [0, 1, 2]) {
      const states = await Promise.all(
        [0, 1, 2].map((r) => stateOf(blobs, run.get(`end_to_end-${round}-${r}`)!)),
      );
      const mean = plainMean(states.map(({ weights }) => weights));
      const moved = (of: (from: number, way: number, u: number) => number) =>
        new Map(
          [...start].map(([name, values]) => [
            name,
            values.map((from, i) => of(from, from - mean.get(name)![i]!, velocity.get(name)![i]!)),
          ]),
        );
      velocity = moved((_, way, u) => momentum * u + way);
      start = moved((from, way, u) => from - rate * (way + momentum * u));
      const begun = await joinedOf(spec, blobs, inputsOf.get(`end_to_end-${round + 1}-0`)!);
      for (const [name, values] of start)
        assert.deepEqual(begun.weights.get(name), values, `${round} ${name}`);
      assert.ok(distance(start, mean) > 0);
      assert.deepEqual(
        [...begun.slots.get('momentum')!],
        [...plainMean(states.map(({ slots }) => slots.get('momentum')!))],
      );
    }
    const sizes = [0, 1].map((r) => run.get(`end_to_end-1-${r}`)!.outputs.state!.size_bytes);
    assert.ok(sizes[0]! > 1.5 * sizes[1]!, 'one replica keeps the start of the round');
  });
});

test('one replica is the end-to-end phase on one device, bitwise; a round of one step has but one replica', async () => {
  await withBlobs(async (blobs) => {
    const one = await runTraining(specOf(1, 8, 0.9), blobs);
    const short = await runTraining(specOf(4, 1, 0.9), blobs);
    const alone = await runTraining(specOf(1, 1, 0.9), blobs);
    assert.ok(one.has('end_to_end-1') && !one.has('end_to_end-1-0'));
    const last = (run: ReadonlyMap<string, TaskSuccess>) => run.get('end_to_end-15')!.outputs.state!.uri;
    assert.equal(last(short), last(alone));
  });
});

test('the mean is exact where float32 can hold it, and the mean of one vector is that vector', () => {
  const big = 2 ** 24;
  // In float32 the sum would lose the ones.
  assert.deepEqual(
    [...meanOf([big, 1, 1, 2].map((value) => Float32Array.of(value, -value)))],
    [(big + 4) / 4, -(big + 4) / 4],
  );
  const only = Float32Array.of(0.1, 3);
  assert.equal(meanOf([only]), only);
  assert.throws(() => meanOf([]), /list of vectors/);
  assert.throws(() => meanState([]), /list of states/);
});

test('n replicas learn at n times the rate, but never above the highest of the run', () => {
  const optimizer = {
    learning_rate: 0.1,
    schedule: {
      type: 'cosine',
      minimum_rate: 0,
      power: 2,
      warmup_epochs: 0,
      warmup_rate: 0,
      cooldown_epochs: 0,
      milestones: [],
      gamma: 1,
    },
  } as const;
  const rounds = { totalSteps: 100, stepsPerEpoch: 10 };
  const rate = (step: number, replicas: number) =>
    replicaRateAt(
      { ...optimizer, schedule: { ...optimizer.schedule, milestones: [], restart_epochs: [] } },
      step,
      rounds,
      replicas,
    );
  assert.equal(rate(90, 3), 3 * rate(90, 1));
  assert.equal(rate(80, 64), 0.1);
  assert.equal(rate(0, 4), 0.1);
});

const stateOf = async (blobs: BlobStore, success: TaskSuccess) =>
  decodeState(await blobs.get(success.outputs.state!.uri));

async function joinedOf(
  spec: ReturnType<typeof specOf>,
  blobs: BlobStore,
  inputs: Readonly<Record<string, BlobUri>>,
) {
  const run = describeRun(spec, TINY);
  const task = { key: 'probe', kind: 'end_to_end', stage: null, round: 0 } as const;
  const context = contextOf(task, { spec, blobs, inputs });
  return inMemory(await joinedState(context, run, parametersOf(wholeNetwork(run.network))));
}
