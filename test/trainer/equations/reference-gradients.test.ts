import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelFamily, type PaddingRule, parametersOf } from '../../../src/network/index.js';
import { randomStream } from '../../../src/trainer/random.js';
import { within } from '../support/measured.js';
import { referenceForward, referenceLoss, type Values } from '../support/reference.js';
import {
  RELU,
  type Rectifier,
  referenceLossCotangent,
  referencePass,
  SOFTPLUS,
} from '../support/reference-pass.js';
import {
  backPropagation,
  LABELS,
  randomFeatures,
  relativeError,
  smallNetwork,
} from '../support/small-network.js';

// The oracle's own check: float64 reverse mode against what shares no code with it.

/** Central differences in float64: the truncation (h^2) and the rounding (1e-16 / h) are both about 1e-10. */
const DIFFERENCE_STEP = 1e-5;
const DIFFERENCE_TOLERANCE = 1e-8;
/** Sums of a few hundred float64 terms in another order. */
const ORDER_TOLERANCE = 1e-13;
/** float32 rounding, 6e-8, through some thirty layers and back; among the activations of 64x64 images some change sign. */
const FLOAT32_TOLERANCE = { resnet: 1e-5, 'wide-resnet': 1e-5, 'imagenet-resnet': 5e-5 } as const;

const NETWORKS = [
  ['resnet', 'same'],
  ['resnet', 'symmetric'],
  ['wide-resnet', 'same'],
  ['imagenet-resnet', 'same'],
  ['imagenet-resnet', 'symmetric'],
] as const satisfies [ModelFamily, PaddingRule][];

for (const [family, padding] of NETWORKS) {
  const name = `${family}, ${padding} padding`;
  const { network, layers, values } = smallNetwork(family, { padding });
  const images = randomFeatures(2, network.image);

  test(`${name}: the float64 pass computes what the plain reference computes`, (t) => {
    const expected = referenceForward(layers, images, values).values;
    const actual = referencePass(layers, images, values).output.values;
    within(
      t,
      'forward',
      relativeError(new Map([['o', actual]]), new Map([['o', expected]])),
      ORDER_TOLERANCE,
    );
  });

  // A difference across a kink is no derivative. Among the many activations of 64x64 images some lie that near:
  // there softplus judges the passes, and the trainer's gradients below judge them with ReLU.
  const rectifiers = family === 'imagenet-resnet' ? { SOFTPLUS } : { RELU, SOFTPLUS };
  for (const [rule, rectifier] of Object.entries(rectifiers)) {
    test(`${name}, ${rule}: every float64 gradient equals central differences`, (t) => {
      const pass = referencePass(layers, images, values, rectifier);
      const gradients = new Map<string, Float64Array>();
      const dImages = pass.pullback(referenceLossCotangent(pass.output, LABELS), gradients);
      const random = randomStream(4, 'probe', family);
      let worst = 0;
      for (const { name: parameter } of parametersOf(layers)) {
        const gradient = gradients.get(parameter)!;
        const index = Math.floor(random() * gradient.length);
        const loss = (moved: Values) => lossOf(moved, images, rectifier);
        const expected = centralDifference((delta) => loss(shifted(values, parameter, index, delta)));
        worst = Math.max(worst, Math.abs(gradient[index]! - expected));
      }
      for (const index of [0, 17, 100, 255, 511]) {
        const expected = centralDifference((delta) => {
          const moved = images.values.slice();
          moved[index]! += delta;
          return lossOf(values, { ...images, values: moved }, rectifier);
        });
        worst = Math.max(worst, Math.abs(dImages[index]! - expected));
      }
      within(t, 'against differences', worst, DIFFERENCE_TOLERANCE);
    });
  }

  test(`${name}: the trainer's float32 gradients are the float64 ones`, (t) => {
    const pass = referencePass(layers, images, values);
    const gradients = new Map<string, Float64Array>();
    pass.pullback(referenceLossCotangent(pass.output, LABELS), gradients);
    const actual = backPropagation(layers, values, images);
    assert.deepEqual([...actual.keys()].sort(), [...gradients.keys()].sort());
    within(t, 'float32 against float64', relativeError(actual, gradients), FLOAT32_TOLERANCE[family]);
  });

  /** ReLU's loss comes from the plain reference; softplus is known to the pass alone. */
  function lossOf(moved: Values, input: typeof images, rectifier: Rectifier): number {
    const logits =
      rectifier === RELU
        ? referenceForward(layers, input, moved)
        : referencePass(layers, input, moved, rectifier).output;
    return referenceLoss(logits, LABELS);
  }
}

function shifted(values: Values, name: string, index: number, delta: number): Values {
  const moved = Float64Array.from(values.get(name)!);
  moved[index]! += delta;
  return new Map([...values, [name, moved]]);
}

function centralDifference(loss: (delta: number) => number): number {
  return (loss(DIFFERENCE_STEP) - loss(-DIFFERENCE_STEP)) / (2 * DIFFERENCE_STEP);
}
