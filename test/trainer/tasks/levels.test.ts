import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun, describeRunIn } from '../../../src/method/index.js';
import { wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { inMemory, startingSlots, updateRuleOf } from '../../../src/trainer/optimizer/index.js';
import { refined } from '../../../src/trainer/tasks/inputs/refined.js';
import { stageParameters } from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { type Features, referenceForward } from '../support/reference.js';
import { withBlobs } from '../support/run-plan.js';
import { perturbedValues, randomFeatures } from '../support/small-network.js';
import type { SpecChanges } from '../support/specs.js';
import {
  contentsOf,
  contextOf,
  runTraining,
  runTrainingTask,
  TINY,
  tinySpec,
} from '../support/training-tasks.js';

// Oracle of method.levels.

const LAST = /norm2\/(gamma|beta)$/;

function specOf(depth: number, count: number, method: SpecChanges['method'], changes: SpecChanges = {}) {
  return tinySpec({
    epochs: 3,
    ...changes,
    model: { depth },
    method: { ...method, levels: { count, shares: null } },
  });
}

function distance(one: Features, other: Features): number {
  return Math.sqrt(one.values.reduce((sum, value, index) => sum + (value - other.values[index]!) ** 2, 0));
}

/** The states of the stages of a round, as the round `next` of the job begins with them. */
function grown(spec: ResolvedSpec, next: number, values: ReadonlyMap<string, Float32Array>, round: number) {
  const before = describeRunIn(spec, TINY, { kind: 'stage', round });
  const after = describeRunIn(spec, TINY, { kind: 'stage', round: next });
  const rule = updateRuleOf(spec.optimizer);
  const context = contextOf(
    { key: 'stage', kind: 'stage', stage: 0, round: next },
    { spec, inputs: {}, blobs: null! },
  );
  const states = after.stages.map((stage, index) => {
    const own = stageParameters(before.stages[index]!);
    const weights = new Map(own.map(({ name }) => [name, values.get(name)!]));
    const state = { weights, slots: startingSlots(own, rule) };
    return inMemory(refined(context, after, stageParameters(stage), state));
  });
  return { before, after, weights: new Map(states.flatMap(({ weights }) => [...weights])) };
}

for (const { levels, stages } of [
  { levels: 2, stages: 1 },
  { levels: 2, stages: 2 },
  { levels: 3, stages: 3 },
]) {
  test(`${stages} stages that grow by ${levels} levels differ by the square of their branches, in float64`, () => {
    const type = stages === 1 ? 'backprop' : 'augmented-lagrangian';
    const spec = specOf(26, levels, { type, stages, end_to_end_share: 0, round_steps: 24 / levels });
    const images = randomFeatures(1);
    const first = describeRunIn(spec, TINY, { kind: 'stage', round: 0 });
    const drawn = perturbedValues([
      ...wholeNetwork(first.network),
      ...first.stages.flatMap(({ auxiliary }) => auxiliary ?? []),
    ]);
    const [large, small] = [1 / 16, 1 / 256].map((h) => {
      const values = new Map(
        [...drawn].map(([name, of]) => [name, LAST.test(name) ? of.map((value) => value * h) : of]),
      );
      const { before, after, weights } = grown(spec, levels - 1, values, 0);
      const of64 = (given: ReadonlyMap<string, Float32Array>) =>
        new Map([...given].map(([name, of]) => [name, Float64Array.from(of)]));
      const shallow = referenceForward(wholeNetwork(before.network), images, of64(values));
      return distance(referenceForward(wholeNetwork(after.network), images, of64(weights)), shallow);
    });
    // Float32 weights are halved without rounding, so only the second order in h is left.
    const slope = Math.log(large! / small!) / Math.log(16);
    assert.ok(small! > 0 && slope > 1.6 && slope < 2.4, `slope ${slope}`);
  });
}

test('the last level is the network of the model, with its AuxNets, and earlier ones have half the blocks between the same boundaries', () => {
  const method: SpecChanges['method'] = {
    type: 'augmented-lagrangian',
    stages: 2,
    split: [4, 8],
    end_to_end_share: 0,
    round_steps: 8,
  };
  const spec = specOf(26, 3, method);
  const plain = describeRun(specOf(26, 1, method), TINY).stages;
  const at = (round: number) => describeRunIn(spec, TINY, { kind: 'stage', round }).stages;
  assert.deepEqual(at(2), plain);
  for (const round of [0, 1, 2]) {
    assert.deepEqual(
      at(round).map(({ auxiliary, input }) => ({ auxiliary, input })),
      plain.map(({ auxiliary, input }) => ({ auxiliary, input })),
    );
    const blocks = at(round).map(({ layers }) => layers.filter(({ op }) => op === 'residual').length);
    assert.deepEqual(blocks, [2 ** round, 2 ** (round + 1)]);
  }
});

/** The job of the whole network whose first round of the last level begins with weights of a shallow job, which it refines. */
async function chained(
  shallow: ReadonlyMap<string, TaskSuccess>,
  spec: ResolvedSpec,
  blobs: BlobStore,
): Promise<ReadonlyMap<string, TaskSuccess>> {
  const init = { checkpoint: 'the level before', refine: true, head: 'keep', statistics: 'auto' } as const;
  const deep = { ...spec, init_from: { ...init, model: null, weights: null } };
  // The plan is that of the job without `init_from`, which would fit AuxNets before its first round.
  return runTraining(spec, blobs, async (task, options) => {
    if (task.kind === 'stage' && task.round === 0) return shallow.get(task.key)!;
    if (task.kind !== 'stage' || task.round! > 1) return runTrainingTask(task, options);
    const { state: _, ...inputs } = options.inputs;
    const before = [...shallow].filter(([key]) => key.startsWith('stage') && key.endsWith('-0'));
    const initial = before.map(([, { outputs }], index): [string, BlobUri] => [
      `initial-${index}`,
      outputs.state!.uri,
    ]);
    return runTrainingTask(task, {
      ...options,
      spec: deep,
      inputs: { ...inputs, ...Object.fromEntries(initial) },
    });
  });
}

const CHAINS: readonly (readonly [SpecChanges['method'], SpecChanges])[] = [
  [{ type: 'backprop' }, {}],
  [{ type: 'backprop' }, { optimizer: { type: 'adamw', learning_rate: 0.01 } }],
  [{ type: 'local-heads', stages: 2, split: [2, 4] }, {}],
  // A width of their own: AuxNets of the two jobs are sized by different networks otherwise.
  [{ type: 'penalty', stages: 2, split: [2, 4], auxiliary: { width: 4 } }, {}],
  [{ type: 'augmented-lagrangian', stages: 2, split: [2, 4], auxiliary: { width: 4 } }, {}],
];

for (const [method, changes] of CHAINS) {
  const name = [method?.type, changes.optimizer?.type].filter(Boolean).join(' by ');
  test(`a job with levels ends bitwise as a shallow job and one that refines it, ${name}`, async () => {
    await withBlobs(async (blobs) => {
      // Eight steps of each level, and where there are stages, eight of the joined network.
      const isSerial = method?.type === 'backprop';
      const parts = { ...method, end_to_end_share: isSerial ? 0 : 1 / 3, round_steps: 8 };
      const run = { ...changes, epochs: isSerial ? 2 : 3 };
      const one = await runTraining(specOf(14, 2, parts, run), blobs);
      const half = isSerial ? {} : { split: [1, 2] };
      const shallow = await runTraining(specOf(8, 1, { ...parts, ...half }, run), blobs);
      const two = await chained(shallow, specOf(14, 1, parts, run), blobs);
      for (const [key, success] of one) {
        if (key === 'prepare') continue;
        assert.deepEqual(await contentsOf(success, blobs), await contentsOf(two.get(key)!, blobs), key);
      }
    });
  });
}
