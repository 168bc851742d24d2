import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestOf, measurePeers } from '../../bench/speedup/peers.js';
import { waitShares } from '../../bench/speedup/pipeline.js';
import { installedTorch } from '../../bench/step/torch.js';

const torch = await installedTorch();
const skip = torch === null && 'PyTorch is not in the cache; npm run bench -- speedup installs it';

test("PyTorch's GPipe and 1F1B on two processes compute the gradients of a serial step", {
  skip,
}, async () => {
  const run = { workload: 'resnet-20', blocks: 4, microbatches: [2], turns: 1, steps: 1, batch: 4 };
  // Float32 sums of the same operations in the same order.
  const peers = await measurePeers({ command: ['python3'], env: torch! }, run);
  assert.ok(peers.gradientError < 1e-6, `${peers.gradientError}`);
  assert.deepEqual(
    peers.ways.map(({ name }) => name),
    ['ddp', 'gpipe 2', '1f1b 2'],
  );
});

test('the best of a schedule is the quickest of its numbers of micro-batches', () => {
  const way = (name: string, seconds: number) => ({ name, seconds, speedUp: 1 / seconds });
  const ways = [way('ddp', 1), way('1f1b 4', 3), way('1f1b 8', 2)];
  const peers = { serialSeconds: 1, ddpBytesPerStep: 1, gradientError: 0, ways };
  assert.equal(bestOf(peers, '1f1b').name, '1f1b 8');
  assert.throws(() => bestOf(peers, 'gpipe'), RangeError);
});

test('the share in which each device waits is its seconds of streams over the time of the rounds', () => {
  type Rounds = Parameters<typeof waitShares>[0];
  const task = (start: number, end: number) =>
    ({
      started_at: new Date(1000 * start).toISOString(),
      finished_at: new Date(1000 * end).toISOString(),
    }) as Rounds[number]['task'];
  const rounds = [
    { task: task(0, 4), trainers: [{ stream: 1, forward: 2 }, { stream: 0.5 }] },
    { task: task(6, 10), trainers: [{ stream: 1 }, { forward: 4 }] },
  ];
  assert.deepEqual(waitShares(rounds), [0.25, 0.0625]);
});
