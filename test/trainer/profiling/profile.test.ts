import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkProfile } from '../../../src/contract/network-profile.js';
import { describeRun } from '../../../src/method/index.js';
import { multiplyAdds } from '../../../src/network/index.js';
import { sampledBoundaries } from '../../../src/trainer/profiling/boundaries.js';
import { Samples } from '../../../src/trainer/profiling/samples.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import { contextOf, TINY, tinySpec } from '../support/training-tasks.js';

const PROFILE = { key: 'profile', kind: 'profile', stage: null, round: null } as const;

/** By a clock that moves by a second at each look. */
async function profileOf(changes: SpecChanges): Promise<{ profile: NetworkProfile; shares: number[] }> {
  const shares: number[] = [];
  let seconds = 0;
  const success = await withBlobs((blobs) => {
    const context = contextOf(PROFILE, { spec: tinySpec(changes), blobs, inputs: {} });
    const progress = (done: number, total: number) => void shares.push(done / total);
    return runTask({ ...context, progress, now: () => 1000 * seconds++ });
  });
  assert.ok(success.profile);
  return { profile: success.profile, shares };
}

test('every part of the network is timed, boundaries spread over it, and nothing is left behind', async () => {
  const before = liveTensors();
  for (const type of ['backprop', 'augmented-lagrangian', 'local-heads'] as const) {
    const { profile, shares } = await profileOf({ method: { type } });
    const { stem, blocks, head, auxiliaries, heads, parameters, batch } = profile;
    assert.deepEqual([blocks.length, batch], [3, 4]);
    for (const part of [stem, ...blocks, head, ...auxiliaries, ...heads])
      assert.deepEqual([part.forward, part.backward], [1, 1]);
    assert.deepEqual(
      auxiliaries.map(({ boundary }) => boundary),
      [1, 2],
    );
    // Its clock says that 60 s are over: three walks of six do.
    assert.deepEqual([profile.update * parameters, shares.at(-1)], [1, 0.5]);
    const values = batch * (8 * 8 * 2 + 4 * 4 * 4);
    for (const rate of [profile.coupling, profile.send, profile.receive])
      assert.ok(Math.abs((rate * values) / 2 - 1) < 1e-12, `${rate}`);
  }
  assert.equal(liveTensors(), before);
});

test('a network of one block has no boundary', async () => {
  const { network } = describeRun(tinySpec({}), TINY);
  const one = { ...network, blocks: network.blocks.slice(0, 1) };
  assert.deepEqual(sampledBoundaries(one, tinySpec({}).method.auxiliary), []);
});

test('eight of many boundaries are measured, including the first and the last, with the AuxNets that jobs use there', () => {
  const spec = tinySpec({ model: { depth: 62 } });
  const { network } = describeRun(spec, TINY);
  const boundaries = sampledBoundaries(network, spec.method.auxiliary);
  assert.deepEqual(
    boundaries.map(({ blocks }) => blocks),
    [1, 5, 9, 13, 17, 21, 25, 29],
  );
  const last = describeRun(tinySpec({ model: { depth: 62 }, method: { stages: 2, split: [29, 1] } }), TINY);
  assert.equal(multiplyAdds(boundaries.at(-1)!.auxiliary), multiplyAdds(last.stages[1]!.auxiliary!));
});

test('medians of an even and an odd number of samples; a part that was not timed is refused', () => {
  const samples = new Samples();
  for (const seconds of [3, 1, 2]) samples.add('odd', seconds);
  for (const forward of [4, 1, 3, 2]) samples.addPass('even', { forward, backward: 10 * forward });
  assert.equal(samples.median('odd'), 2);
  assert.deepEqual(samples.medianPass('even'), { forward: 2.5, backward: 25 });
  assert.throws(() => samples.median('none'), /none was not measured/);
});
