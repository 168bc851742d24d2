import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stagesOfMethod } from '../../../src/method/index.js';
import {
  channelCounts,
  hiddenConvolutions,
  type Layer,
  parametersOf,
  withChannels,
} from '../../../src/network/index.js';
import {
  changeChannels,
  channelImportance,
  type NamedValues,
  type OptimizerState,
} from '../../../src/trainer/optimizer/index.js';
import { within } from '../support/measured.js';
import type { Features } from '../support/reference.js';
import { referencePass } from '../support/reference-pass.js';
import { perturbedValues, randomFeatures, relativeError, smallNetwork } from '../support/small-network.js';
import { tinySpec } from '../support/training-tasks.js';

// Oracle of method.sparsity.keep.

/** Sums of float64 in another order. */
const FLOAT64_TOLERANCE = 1e-12;
/** Gradients that go through float32 to be rearranged. */
const FLOAT32_TOLERANCE = 1e-6;
const SEED = 3;

/** An AuxNet with two hidden convolutions of eight channels, and the classifier of a local head with as many. */
const CHAINS: Readonly<Record<string, readonly Layer[]>> = {
  AuxNet: stageOf('augmented-lagrangian', 1).auxiliary!,
  head: stageOf('local-heads', 1).head!.classifier,
};

function stageOf(type: 'augmented-lagrangian' | 'local-heads', index: number) {
  const { network } = smallNetwork('resnet', { width: 4 });
  const size = type === 'local-heads' ? {} : { auxiliary: { width: 8, depth: 3 } };
  const { method } = tinySpec({ epochs: 2, method: { type, stages: 3, ...size } });
  return stagesOfMethod(network, { ...method, split: [1, 1, 1] })[index]!;
}

const inputOf = ([first]: readonly Layer[]): Features =>
  randomFeatures(4, first?.op === 'conv' ? first.input : undefined);

/** Momentum that tells each value's place, and a count of updates, which belongs to no channel. */
function stateOf(layers: readonly Layer[]): OptimizerState {
  const weights = perturbedValues(layers, SEED);
  const momentum = new Map([...weights].map(([name, values]) => [name, values.map((_, place) => place + 1)]));
  const steps = new Map([...weights.keys()].map((name) => [name, Float32Array.of(7)]));
  return {
    weights,
    slots: new Map([
      ['momentum', momentum],
      ['steps', steps],
    ]),
  };
}

const half = (layers: readonly Layer[]): Layer[] =>
  withChannels(layers, new Map([...channelCounts(layers)].map(([name, all]) => [name, all / 2])));

const changed = (
  layers: readonly Layer[],
  state: OptimizerState,
  { regrown = 0, label = 'round 1' } = {},
): OptimizerState => changeChannels(state, { layers, regrown: () => regrown, seed: SEED, label });

/** Index of the channels that stay by convolution, found by their scales: no two are equal. */
function staying(layers: readonly Layer[], before: NamedValues, after: NamedValues) {
  return hiddenConvolutions(layers).map((hidden) => {
    const all = [...before.get(`${hidden.norm.name}/gamma`)!];
    const kept = [...after.get(`${hidden.norm.name}/gamma`)!].map((value) => all.indexOf(value));
    return { ...hidden, all: all.length, kept };
  });
}

/** The dense weights with zeros where something reads a channel that is removed. */
function withZeros(layers: readonly Layer[], before: NamedValues, after: NamedValues): NamedValues {
  const zeroed = new Map([...before].map(([name, values]) => [name, values.slice()]));
  for (const { reader, kept, all } of staying(layers, before, after)) {
    const outputs = reader.op === 'conv' ? reader.output.channels : reader.outputs;
    zeroed.get(`${reader.name}/kernel`)!.forEach((_, index, kernel) => {
      if (!kept.includes(Math.floor(index / outputs) % all)) kernel[index] = 0;
    });
  }
  return zeroed;
}

/** Output and gradients of a loss that weights each output differently. */
function passOf(layers: readonly Layer[], values: NamedValues) {
  const pass = referencePass(layers, inputOf(layers), values);
  const gradients = new Map<string, Float64Array>();
  pass.pullback(
    pass.output.values.map((value, index) => Math.sin(index) + value),
    gradients,
  );
  return { output: new Map([['output', pass.output.values]]), gradients };
}

for (const [name, layers] of Object.entries(CHAINS)) {
  test(`pruned is dense with zeros, ${name}: outputs, and gradients of what is left`, (t) => {
    const before = stateOf(layers);
    const narrow = half(layers);
    const after = changed(narrow, before);
    const dense = passOf(layers, withZeros(layers, before.weights, after.weights));
    const pruned = passOf(narrow, after.weights);
    for (const { name: parameter, shape } of parametersOf(narrow))
      assert.equal(
        after.weights.get(parameter)!.length,
        shape.reduce((a, b) => a * b, 1),
        parameter,
      );
    within(t, `${name}, output`, relativeError(pruned.output, dense.output), FLOAT64_TOLERANCE);
    const left = changed(narrow, { ...before, slots: new Map([['gradient', asFloat32(dense.gradients)]]) });
    const error = relativeError(pruned.gradients, left.slots.get('gradient')!);
    within(t, `${name}, gradients`, error, FLOAT32_TOLERANCE);
  });

  test(`the least important channels go, ${name}: their memory goes with them`, () => {
    const before = stateOf(layers);
    const narrow = half(layers);
    const after = changed(narrow, before);
    for (const { reader, norm, kept, all } of staying(layers, before.weights, after.weights)) {
      const gamma = before.weights.get(`${norm.name}/gamma`)!;
      const kernel = before.weights.get(`${reader.name}/kernel`)!;
      const outputs = reader.op === 'conv' ? reader.output.channels : reader.outputs;
      const importance = Array.from({ length: all }, (_, channel) => {
        const read = [...kernel].filter((_, index) => Math.floor(index / outputs) % all === channel);
        return Math.abs(gamma[channel]!) * Math.hypot(...read);
      });
      const least = Math.min(...kept.map((channel) => importance[channel]!));
      const removed = importance.filter((_, channel) => !kept.includes(channel));
      assert.equal(kept.length, all / 2);
      assert.deepEqual(
        kept,
        kept.toSorted((a, b) => a - b),
        'the order stays',
      );
      assert.ok(
        removed.every((value) => value <= least),
        `${removed} are at most ${least}`,
      );
      assert.deepEqual(
        [...after.slots.get('momentum')!.get(`${norm.name}/beta`)!],
        kept.map((channel) => channel + 1),
      );
    }
    assert.deepEqual(after.slots.get('steps'), before.slots.get('steps'));
  });

  test(`new channels change no output, ${name}: they start as a network does`, (t) => {
    const before = stateOf(layers);
    const regrown = 2;
    const grown = changed(layers, before, { regrown });
    const fewer = withChannels(
      layers,
      new Map([...channelCounts(layers)].map(([conv, all]) => [conv, all - regrown])),
    );
    const pruned = changed(fewer, before);
    const [actual, expected] = [passOf(layers, grown.weights), passOf(fewer, pruned.weights)];
    within(t, `${name}, regrown`, relativeError(actual.output, expected.output), FLOAT64_TOLERANCE);
    const again = changed(layers, before, { regrown, label: 'round 2' });
    for (const { conv, norm, reader } of hiddenConvolutions(layers)) {
      const { channels } = conv.output;
      const isNew = (index: number) => index % channels >= channels - regrown;
      const newOf = ({ weights }: OptimizerState) =>
        weights.get(`${conv.name}/kernel`)!.filter((_, index) => isNew(index));
      // Kernels of the second convolution are 0 where they read a new channel of the first.
      assert.ok(newOf(grown).some((value) => value !== 0));
      assert.notDeepEqual(newOf(again), newOf(grown), 'rounds draw other values');
      assert.deepEqual([...grown.weights.get(`${norm.name}/gamma`)!.slice(-regrown)], [1, 1]);
      assert.deepEqual([...grown.weights.get(`${norm.name}/beta`)!.slice(-regrown)], [0, 0]);
      const memory = grown.slots.get('momentum')!;
      assert.ok(memory.get(`${conv.name}/kernel`)!.every((value, index) => !isNew(index) || value === 0));
      assert.ok(actual.gradients.get(`${reader.name}/kernel`)!.every(Number.isFinite));
    }
    assert.deepEqual(changed(layers, before, { regrown }), grown, 'a pure function');
  });
}

test('the importance of a channel is the size of its scale times that of what reads it', () => {
  // Two places, two channels, two outputs.
  const kernel = Float32Array.of(3, 0, 1, 0, 0, 4, 0, 1);
  assert.deepEqual(channelImportance(Float32Array.of(-2, 3), kernel, 2), [10, 3 * Math.SQRT2]);
});

const asFloat32 = (values: ReadonlyMap<string, Float64Array>): NamedValues =>
  new Map([...values].map(([name, own]) => [name, Float32Array.from(own)]));
