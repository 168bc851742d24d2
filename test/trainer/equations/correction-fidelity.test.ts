import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStages, type ModelFamily, parametersOf } from '../../../src/network/index.js';
import {
  decodeCorrection,
  encodeCorrection,
  type Precision,
} from '../../../src/trainer/corrections/index.js';
import * as kernels from '../../../src/trainer/kernels/index.js';
import { type Pass, trainPass, uploadWeights } from '../../../src/trainer/network/index.js';
import { classificationLoss, coupling } from '../../../src/trainer/objective/index.js';
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

/** The codec's relative error a boundary, times two boundaries, times two for what the stages below may magnify. */
const TOLERANCES: Record<Precision, number> = { float32: 0, float16: 4 * 2 ** -11 };
/** A mean loss's gradient late in training: far below float16's smallest number, 6e-8. */
const SHRUNK = 2 ** -24;

for (const family of ['resnet', 'wide-resnet'] satisfies ModelFamily[]) {
  for (const [precision, tolerance] of Object.entries(TOLERANCES) as [Precision, number][]) {
    test(`${family}, ${precision}: stages that read corrections from a spool have BP's gradient`, (t) => {
      const { layers, values } = smallNetwork(family);
      const images = randomFeatures(8);
      const expected = backPropagation(layers, values, images);
      const actual = gradientsThroughCodec(family, precision, 1);
      const error = relativeError(actual, expected);
      within(t, `check 12, ${family}, ${precision}: gradient`, error, tolerance);
      t.diagnostic(
        `check 12, ${family}, ${precision}: 1 - cosine ${(1 - cosine(actual, expected)).toExponential(1)}`,
      );
      // The scale per batch is a power of two, so a gradient smaller by one loses nothing more.
      assert.deepEqual(gradientsThroughCodec(family, precision, SHRUNK), scaled(actual, SHRUNK));
    });
  }
}

/** Three stages at lambda = o; each correction is encoded and decoded on its way up. */
function gradientsThroughCodec(
  family: ModelFamily,
  precision: Precision,
  lossScale: number,
): Map<string, Float32Array> {
  const { network, values } = smallNetwork(family);
  return arena(() => {
    const gradients = new Map<string, Tensor>();
    const passes: Pass[] = [];
    let input = uploadFeatures(randomFeatures(8));
    for (const stage of describeStages(network, [1, 1, network.blocks.length - 2], 0.1)) {
      const weights = uploadWeights(parametersOf(stage.layers), values);
      passes.push(trainPass(stage.layers, input, { weights, gradients }, stage.index > 0));
      input = passes.at(-1)!.output;
    }
    const { cotangent } = classificationLoss(input, uploadLabels());
    let message = passes.at(-1)!.pullback(kernels.multiply(cotangent, scalar(lossScale)));
    for (const pass of passes.slice(0, -1).reverse()) {
      const received = decodeCorrection(encodeCorrection(message!, precision), precision, message!.shape);
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
