import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasAuxiliary, hasHead, messagesTo, stageOrder, stageOutputs } from '../../src/method/index.js';

const K = 3;
const each = <T>(body: (stage: number) => T): T[] => Array.from({ length: K }, (_, stage) => body(stage));

test('augmented Lagrangian: AuxNet and corrections travel upstream within a round', () => {
  const method = { type: 'augmented-lagrangian', stages: K } as const;
  assert.deepEqual(
    each((stage) =>
      messagesTo(method, stage).map(({ input, sender, lag }) => `${input} of ${sender}, ${lag} ago`),
    ),
    [
      ['auxiliary of 1, 0 ago', 'corrections of 1, 0 ago'],
      ['auxiliary of 2, 0 ago', 'corrections of 2, 0 ago'],
      [],
    ],
  );
  assert.deepEqual(
    each((stage) => stageOutputs(method, stage)),
    [['state'], ['state', 'auxiliary', 'corrections'], ['state', 'auxiliary', 'corrections']],
  );
  assert.deepEqual(stageOrder(method), [2, 1, 0]);
});

test('penalty: the AuxNet alone travels, a round late', () => {
  const method = { type: 'penalty', stages: K } as const;
  assert.deepEqual(
    each((stage) => messagesTo(method, stage).map(({ input, sender, lag }) => [input, sender, lag])),
    [[['auxiliary', 1, 1]], [['auxiliary', 2, 1]], []],
  );
  assert.deepEqual(
    each((stage) => stageOutputs(method, stage)),
    [['state'], ['state', 'auxiliary'], ['state', 'auxiliary']],
  );
});

test('local heads: features travel downstream within a round, and nothing else', () => {
  const method = { type: 'local-heads', stages: K } as const;
  assert.deepEqual(stageOrder(method), [0, 1, 2]);
  assert.deepEqual(
    each((stage) => messagesTo(method, stage).map(({ input, sender, lag }) => [input, sender, lag])),
    [[], [['features', 0, 0]], [['features', 1, 0]]],
  );
  assert.deepEqual(
    each((stage) => stageOutputs(method, stage)),
    [['state', 'features'], ['state', 'features'], ['state']],
  );
  assert.deepEqual(
    each((stage) => hasHead(method, stage)),
    [true, true, false],
  );
});

test('frozen: the last stage trains behind its AuxNet, and nobody sends anything', () => {
  const method = { type: 'frozen', stages: K } as const;
  assert.deepEqual(stageOrder(method), [K - 1]);
  assert.deepEqual(stageOutputs(method, K - 1), ['state', 'auxiliary']);
  assert.deepEqual(
    each((stage) => messagesTo(method, stage)),
    [[], [], []],
  );
  assert.deepEqual(
    each((stage) => hasAuxiliary(method, stage)),
    [false, false, true],
  );
});

test('a single stage has no neighbour to send to', () => {
  for (const type of ['backprop', 'penalty', 'augmented-lagrangian', 'local-heads', 'frozen'] as const) {
    assert.deepEqual(messagesTo({ type, stages: 1 }, 0), []);
    assert.deepEqual(stageOutputs({ type, stages: 1 }, 0), ['state']);
  }
});
