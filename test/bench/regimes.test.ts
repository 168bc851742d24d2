import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBorders } from '../../bench/regimes/border.js';
import { ourEpoch, specOf } from '../../bench/regimes/ours.js';
import { peerEpoch } from '../../bench/regimes/peers.js';
import { limitsOf, regimesOf } from '../../bench/regimes/regime.js';
import type { Way } from '../../bench/regimes/way.js';

const HOST = { name: 'one host', bytesPerSecond: 1e10, roundTripSeconds: 0 };
/** 10 MB/s */
const SLOW = { name: 'slow', bytesPerSecond: 1e7, roundTripSeconds: 0.1 };

// Epochs are of 200 steps.
test('a step of a peer takes what its wire needs, where that is longer, and local SGD pays once an epoch', () => {
  const step = { seconds: 0.5, bytes: 1e7, boundaryBytes: 2e6 };
  const epoch = (way: string, ranks: number, wire: typeof HOST) =>
    peerEpoch({ asked: { way, microbatches: 4 }, ranks }, step, wire);
  assert.equal(epoch('alone', 1, SLOW), 100);
  // 10 MB in 1 s, and the round trip.
  assert.ok(Math.abs(epoch('ddp', 2, SLOW) - 200 * 1.1) < 1e-9);
  assert.ok(Math.abs(epoch('fsdp', 2, SLOW) - 200 * 1.6) < 1e-9);
  assert.ok(Math.abs(epoch('local', 2, SLOW) - (100 * 0.5 + 1.1)) < 1e-9);
  // Its step is longer than the wire's 0.3 s; it waits for a microbatch, its gradient and a round trip.
  assert.ok(Math.abs(epoch('pipeline', 2, SLOW) - 200 * (0.5 + 0.1 + 0.1)) < 1e-9);
  assert.ok(Math.abs(epoch('ddp', 2, HOST) - 100) < 1e-9);
});

const NETWORK = {
  ...{ name: 'small', batch: 4, side: 8, fills: 'nothing', frugal: 'memory' as const },
  model: { family: 'resnet', depth: 8, width: 4 },
} as const;
const COST = { boundary: 1000 } as Parameters<typeof ourEpoch>[1]['costs'][number];
const LAST = { boundary: 0 } as typeof COST;

test('an epoch of a pipeline fills once, and waits for a wire that is slower than its stages', () => {
  const spec = specOf(NETWORK, { method: { type: 'pipeline', stages: 2 } }, 2);
  const priced = { seconds: 0.02, stageSeconds: [0.01, 0.02], parameters: 100, costs: [COST, LAST] };
  assert.ok(Math.abs(ourEpoch(spec, priced, HOST) - 201 * 0.02) < 1e-6);
  // Two batches are under way: a turn is half of 0.03 s and both messages of 16 kB, with half a round trip each.
  const turn = (0.01 + 0.02 + 2 * (0.05 + 0.0016)) / 2;
  assert.ok(Math.abs(ourEpoch(spec, priced, SLOW) - 201 * turn) < 1e-9);
});

test('an epoch of local SGD is half of the steps and an exchange of the states', () => {
  const spec = specOf(
    NETWORK,
    { method: { type: 'backprop', end_to_end_share: 1, end_to_end_replicas: 2 } },
    2,
  );
  const priced = { seconds: 0.02, stageSeconds: [], parameters: 1e6, costs: [] };
  // Weights and momentum are 8 MB: one stored, two read, a round trip each.
  assert.ok(Math.abs(ourEpoch(spec, priced, SLOW) - (100 * 0.02 + 0.8 + 1.6 + 0.2)) < 1e-9);
});

const way = (name: string, isOurs: boolean, megabytes: number, seconds: number): Way => ({
  ...{ name, isOurs, megabytes },
  epochSeconds: ({ bytesPerSecond }) => seconds + 1e6 / bytesPerSecond,
});

test('a regime has the ways that fit, the quickest first, and the picture says who is ahead by how much', () => {
  const ways = [way('whole', false, 300, 10), way('<stages>', true, 100, 20), way('shards', false, 200, 40)];
  const limits = limitsOf(ways, 'whole');
  assert.deepEqual(limits, [250, 180, 110]);
  const regimes = regimesOf(ways, limits);
  assert.deepEqual(
    regimes.slice(0, 4).map(({ memoryMb, rows }) => [memoryMb, ...rows.map(({ name }) => name)]),
    [
      [null, 'whole', '<stages>', 'shards'],
      [250, '<stages>', 'shards'],
      [180, '<stages>'],
      [110, '<stages>'],
    ],
  );
  const picture = drawBorders([{ title: 'a network', regimes }]);
  assert.match(picture, /2\.00 times as fast as Strata/);
  assert.match(picture, /2\.00 times as fast as PyTorch/);
  assert.match(picture, /nothing of PyTorch fits/);
  assert.match(picture, /&lt;stages&gt;/);
});
