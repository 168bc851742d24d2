import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchesUnderWay, describeRun } from '../../../src/method/index.js';
import { NOTHING_FROZEN, stageCosts, stageMemory } from '../../../src/planning/costs/index.js';
import { makePlan } from '../../../src/planning/forecast/forecast.js';
import { MNIST, resolved, type SpecChanges } from '../../jobs/support/specs.js';

type Method = NonNullable<SpecChanges['method']>;

const LOCAL = {
  ...{ devices: 3, memoryBytes: null, bytesPerSecond: 1e9, roundTripSeconds: 0 },
  ...{ profile: null, measured: null },
};
const FACTS = {
  ...{ optimizerVectors: 1, factorInterval: null, accumulatedParts: 1 },
  precision: 'float32',
} as const;
/** Between stages 0 and 1: 28 x 28 x 16 values an image; between 1 and 2: 14 x 14 x 32. */
const specOf = (method: Method, parts = 1) =>
  resolved({
    batch_size: 64,
    // So few that stored variables are allowed.
    max_train_samples: 6400,
    model: { family: 'resnet', depth: 8, width: 16 },
    optimizer: { gradient_accumulation_steps: parts },
    method: { stages: 3, split: [1, 1, 1], ...method },
  });

/** Bytes that a plan counts for the messages of each stage. */
function messagesOf(method: Method, parts = 1): number[] {
  const spec = specOf(method, parts);
  const facts = { ...FACTS, accumulatedParts: parts };
  const costs = stageCosts(spec.method, describeRun(spec, MNIST).stages, NOTHING_FROZEN, facts);
  const { stages } = makePlan(spec, MNIST, LOCAL);
  return costs.map((cost, stage) => {
    const without = { ...cost, boundary: 0, inputBoundary: 0 };
    return (
      stages[stage]!.memory_bytes -
      stageMemory(without, 64, facts, spec.method, batchesUnderWay(spec.method, stage))
    );
  });
}

test('a plan counts the record of corrections that is read, and those that are written in 4 MB', () => {
  // Float16. A record of stage 1 has 1,605,632 bytes, three of which are more than 4,194,304, one of stage 2 has
  // 802,816, of which there are six.
  assert.deepEqual(messagesOf({ type: 'augmented-lagrangian' }), [
    1_605_632,
    802_816 + 3 * 1_605_632,
    6 * 802_816,
  ]);
  assert.deepEqual(
    messagesOf({
      type: 'augmented-lagrangian',
      coupling: 'bregman-relu',
      corrections: { precision: 'float32' },
    }),
    [3_211_264, 1_605_632 + 2 * 3_211_264, 3 * 1_605_632],
  );
});

test('a plan counts the features that are read as they come and as float32, and those that are written in 4 MB', () => {
  assert.deepEqual(messagesOf({ type: 'local-heads' }), [
    3 * 1_605_632,
    1_605_632 + 3_211_264 + 6 * 802_816,
    802_816 + 1_605_632,
  ]);
});

test('messages of a batch in parts are those of a part', () => {
  // 401,408 bytes of stage 1, of which there are eleven, and 200,704 of stage 2, of which there are 21.
  assert.deepEqual(messagesOf({ type: 'augmented-lagrangian' }, 4), [
    401_408,
    200_704 + 11 * 401_408,
    21 * 200_704,
  ]);
});

test('a record of int8 that is averaged takes 17 bytes for 64 values, whole ones', () => {
  const corrections = { precision: 'int8', filter: 'average-2' } as const;
  // 12,544 and 6,272 values of an image.
  assert.deepEqual(messagesOf({ type: 'augmented-lagrangian', corrections }), [
    213_248,
    106_624 + 20 * 213_248,
    40 * 106_624,
  ]);
});

test('methods whose stages send each other no records need no memory for them', () => {
  for (const method of [
    { type: 'penalty' },
    { type: 'stored' },
    { type: 'pipeline' },
    { type: 'frozen' },
  ] as const)
    assert.deepEqual(messagesOf(method), [0, 0, 0], method.type);
});
