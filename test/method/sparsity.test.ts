import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptIn, keptShares, regrownIn, type Sparsity, stagesInRound } from '../../src/method/index.js';
import { stagesOfMethod } from '../../src/method/run.js';
import { channelCounts, describeNetwork } from '../../src/network/index.js';
import { resolved } from '../jobs/support/specs.js';

const SPARSITY: Sparsity = { keep: 0.2, untilRound: 4, regrow: 0.3 };

test('the share of the channels falls by the cube of what is left of the rounds, and then stays', () => {
  const shares = [0, 1, 2, 3, 4, 5, 90].map((round) => keptIn(SPARSITY, round));
  const expected = [1, 0.2 + 0.8 * 0.421875, 0.2 + 0.8 * 0.125, 0.2 + 0.8 * 0.015625, 0.2, 0.2, 0.2];
  for (const [round, share] of shares.entries()) assert.ok(Math.abs(share - expected[round]!) < 1e-12);
});

test('channels are replaced in the rounds that remove some, and one at least is not', () => {
  assert.deepEqual(
    [0, 1, 4, 5].map((round) => regrownIn(SPARSITY, round, 10)),
    [0, 3, 3, 0],
  );
  assert.deepEqual(
    [1, 2, 3].map((channels) => regrownIn({ ...SPARSITY, regrow: 0.5 }, 1, channels)),
    [0, 1, 2],
  );
});

test('the shares of a plan are those of all rounds, in few parts', () => {
  assert.deepEqual(keptShares({}, 9), []);
  const short = keptShares({ sparsity: { keep: 0.5, until_round: 2, regrow: 0 } }, 8);
  assert.deepEqual(
    short.map(({ ofRounds }) => ofRounds),
    [1 / 8, 1 / 8, 6 / 8],
  );
  assert.deepEqual(
    short.map(({ kept }) => kept),
    [1, 0.5 + 0.5 / 8, 0.5],
  );
  const long = keptShares({ sparsity: { keep: 0.5, until_round: 500, regrow: 0 } }, 1000);
  const sum = (value: (share: (typeof long)[number]) => number) =>
    long.reduce((all, share) => all + value(share), 0);
  assert.equal(long.length, 17);
  assert.ok(Math.abs(sum(({ ofRounds }) => ofRounds) - 1) < 1e-12);
  // Half of the rounds at the mean of a cube, which is a quarter.
  const mean = sum(({ kept, ofRounds }) => kept * ofRounds);
  assert.ok(Math.abs(mean - (0.5 + 0.5 * 0.5 * 0.25)) < 1e-3, `${mean}`);
});

test('inputs and outputs of AuxNets keep their channels, and hidden ones never go to none', () => {
  const image = { height: 8, width: 8, channels: 2 };
  const network = describeNetwork({ family: 'resnet', depth: 8, width: 3 }, image, 3);
  const sparsity = { keep: 0.01, until_round: 1, regrow: 0 };
  const { method } = resolved({ method: { stages: 3, auxiliary: { width: 4, depth: 4 }, sparsity } });
  const dense = stagesOfMethod(network, { ...method, split: [1, 1, 1] });
  for (const [index, { auxiliary, input }] of stagesInRound(dense, method, 1).entries()) {
    if (auxiliary === null) continue;
    assert.deepEqual([...channelCounts(dense[index]!.auxiliary!).values()], [4, 4, 4]);
    assert.deepEqual([...channelCounts(auxiliary).values()], [1, 1, 1]);
    const [first, last] = [auxiliary[0]!, auxiliary.at(-1)!];
    assert.ok(first.op === 'conv' && last.op === 'norm');
    assert.deepEqual(first.input, network.image);
    assert.deepEqual(last.output, input);
  }
});
