import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStages, type ModelFamily, parametersOf } from '../../../src/network/index.js';
import * as kernels from '../../../src/trainer/kernels/index.js';
import { CODECS, FILTERS, type Filter, type Precision } from '../../../src/trainer/messages/index.js';
import { classificationLoss, coupling } from '../../../src/trainer/objective/index.js';
import { type Pass, trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, scalar, type Tensor } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import {
  backPropagation,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';

// docs/method.md, check 12: what the codec's error does to the gradient. Its bound on values is in
// ../corrections.test.ts.

/**
 * The codec's relative error a boundary, times two boundaries, times two for what the stages below may magnify. int8
 * rounds by max / 440 on average over a block of 64 values, whose largest is some three times their root mean square.
 */
const TOLERANCES: Record<Precision, number> = { float32: 0, float16: 4 * 2 ** -11, int8: (4 * 3) / 440 };
/** A mean loss's gradient late in training: far below float16's smallest number, 6e-8. */
const SHRUNK = 2 ** -24;
/** A gradient without any pattern over the image keeps a quarter of its square in 2x2 means: half its length. */
const MIN_FILTERED_COSINE = 1 / 4;

for (const family of ['resnet', 'wide-resnet'] satisfies ModelFamily[]) {
  const { layers, values } = smallNetwork(family);
  const expected = backPropagation(layers, values, randomFeatures(8));
  for (const [precision, tolerance] of Object.entries(TOLERANCES) as [Precision, number][]) {
    test(`${family}, ${precision}: stages that read corrections from a spool have BP's gradient`, (t) => {
      const actual = gradientsThroughCodec(family, precision, 'none', 1);
      const error = relativeError(actual, expected);
      within(t, `check 12, ${family}, ${precision}: gradient`, error, tolerance);
      t.diagnostic(
        `check 12, ${family}, ${precision}: 1 - cosine ${(1 - cosine(actual, expected)).toExponential(1)}`,
      );
      // Scales follow the gradient's, by powers of two too: one smaller by such a power loses nothing more.
      assert.deepEqual(gradientsThroughCodec(family, precision, 'none', SHRUNK), scaled(actual, SHRUNK));
    });

    test(`${family}, ${precision}, average-2: lower stages get the slowly varying part of BP's gradient`, (t) => {
      const actual = gradientsThroughCodec(family, precision, 'average-2', 1);
      const similarity = stagesOf(family).map(({ layers: own }) => {
        const names = parametersOf(own).map(({ name }) => name);
        return cosine(only(actual, names), only(expected, names));
      });
      const [first, second, last] = similarity as [number, number, number];
      t.diagnostic(
        `check 12, ${family}, ${precision}, average-2: cosine ${first.toFixed(2)}, ${second.toFixed(2)}`,
      );
      // Nothing reaches the last stage through a filter; what is not 1 there is the cosine's own rounding. Through two
      // filters a small network at its start may lose nearly all, as the diagnostic says.
      assert.ok(last > 1 - 1e-12);
      assert.ok(second < 1 - 1e-6 && second > MIN_FILTERED_COSINE);
    });
  }
}

function stagesOf(family: ModelFamily) {
  const { network } = smallNetwork(family);
  return describeStages(network, [1, 1, network.blocks.length - 2], 0.1);
}

function only(
  values: ReadonlyMap<string, Float32Array>,
  names: readonly string[],
): Map<string, Float32Array> {
  return new Map(names.map((name) => [name, values.get(name)!]));
}

/** Three stages at lambda = o; each correction is filtered, encoded and decoded on its way up. */
function gradientsThroughCodec(
  family: ModelFamily,
  precision: Precision,
  filterName: Filter,
  lossScale: number,
): Map<string, Float32Array> {
  const { values } = smallNetwork(family);
  const [codec, filter] = [CODECS[precision], FILTERS[filterName]];
  return arena(() => {
    const gradients = new Map<string, Tensor>();
    const passes: Pass[] = [];
    let input = uploadFeatures(randomFeatures(8));
    for (const stage of stagesOf(family)) {
      const weights = uploadWeights(parametersOf(stage.layers), values);
      passes.push(trainPass(stage.layers, input, { weights, gradients }, stage.index > 0));
      input = passes.at(-1)!.output;
    }
    const { cotangent } = classificationLoss(input, uploadLabels());
    let message = passes.at(-1)!.pullback(kernels.multiply(cotangent, scalar(lossScale)));
    for (const pass of passes.slice(0, -1).reverse()) {
      const reduced = filter.reduce(message!);
      const received = filter.spread(
        codec.decode(Buffer.concat(codec.encode(reduced)), reduced.shape),
        message!.shape,
      );
      message = pass.pullback(coupling(pass.output, pass.output, received, { beta: 4 }).cotangent);
    }
    return readAll(gradients);
  });
}

function scaled(values: ReadonlyMap<string, Float32Array>, factor: number): Map<string, Float32Array> {
  return new Map([...values].map(([name, array]) => [name, array.map((value) => value * factor)]));
}

function cosine(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  const product = (x: typeof a, y: typeof a) =>
    [...x].reduce((sum, [name, values]) => values.reduce((s, v, i) => s + v * y.get(name)![i]!, sum), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
