import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryClassOf } from '../../../src/contract/errors.js';
import {
  describeStages,
  type Layer,
  type ModelFamily,
  parametersOf,
  type StageDescription,
} from '../../../src/network/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { classificationLoss, coupling } from '../../../src/trainer/objective/index.js';
import type { NamedValues } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, DType, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { runPlan, withBlobs } from '../support/run-plan.js';
import {
  backPropagation,
  LABELS,
  perturbedValues,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';
import { mnistSpec } from '../support/specs.js';
import {
  contentsOf,
  METHODS,
  runTraining,
  runTrainingTask,
  storeTiny,
  tinySpec,
} from '../support/training-tasks.js';

// Any CPU runs the bfloat16 kernels, emulated where it lacks the instructions: the numbers are the same, not the speed.

/** bfloat16 has eight bits: half a unit in the last place, as a share of the value. */
const HALF_UNIT = 2 ** -9;
/**
 * A convolution's two inputs and its output are rounded; errors add at worst. Sums are float32 in oneDNN's kernels;
 * TensorFlow's own, for
 * CPUs without AVX-512, rounds a kernel gradient's sum once more.
 */
const CONVOLUTION_TOLERANCE = 4 * HALF_UNIT;

test('one convolution: output and both gradients within the rounding of inputs and output', (t) => {
  const layers: Layer[] = [
    {
      op: 'conv',
      name: 'c',
      size: 3,
      stride: 2,
      padding: 'same',
      input: { height: 8, width: 8, channels: 2 },
      output: { height: 4, width: 4, channels: 5 },
    },
  ];
  const values = perturbedValues(layers);
  const images = randomFeatures(3);
  const expected = referencePass(layers, images, values);
  const cotangent = Float64Array.from(expected.output.values, (_, index) => Math.fround(Math.sin(index + 1)));
  const gradients = new Map<string, Float64Array>();
  const expectedInput = expected.pullback(cotangent, gradients);
  const actual = arena(() => {
    const made = new Map<string, Tensor>();
    const weights = uploadWeights(parametersOf(layers), values);
    const context = { weights, gradients: made, precision: 'bfloat16' } as const;
    const pass = trainPass(layers, uploadFeatures(images), context, true);
    assert.equal(pass.output.dtype, DType.float32);
    const output = read(pass.output);
    const input = pass.pullback(upload(Float32Array.from(cotangent), pass.output.shape))!;
    return { values: { output, input: read(input), kernel: readAll(made).get('c/kernel')! } };
  }).values;
  const pairs = {
    output: expected.output.values,
    input: expectedInput,
    kernel: gradients.get('c/kernel')!,
  };
  for (const [what, reference] of Object.entries(pairs)) {
    const error = relativeError(
      new Map([[what, actual[what as keyof typeof pairs]]]),
      new Map([[what, reference]]),
    );
    within(t, `bfloat16 convolution, ${what}`, error, CONVOLUTION_TOLERANCE);
    assert.ok(error > 2 ** -24, 'it was not computed in float32');
  }
});

/**
 * Tolerances for whole networks. Without ReLUs, some thirty roundings in each direction add up to this (the stem's
 * max-pool, if there is one, still chooses). A ReLU whose input is within rounding of zero changes its sign. A
 * share p of such signs changes a gradient by about the root of p, on any hardware that computes in eight bits.
 */
const TOLERANCES = {
  resnet: { smooth: 0.02, rectified: 0.4 },
  'wide-resnet': { smooth: 0.02, rectified: 0.4 },
  'imagenet-resnet': { smooth: 0.15, rectified: 0.6 },
} as const;

for (const family of ['resnet', 'wide-resnet', 'imagenet-resnet'] satisfies ModelFamily[]) {
  test(`${family}: gradients in bfloat16 against float64 and float32; no tensor is left`, (t) => {
    const before = liveTensors();
    const { network, layers, values } = smallNetwork(family);
    const images = randomFeatures(2, network.image);
    for (const [kind, each] of Object.entries({ smooth: withoutRelu(layers), rectified: layers })) {
      const tolerance = TOLERANCES[family][kind as 'smooth' | 'rectified'];
      const pass = referencePass(each, images, values);
      const exact = new Map<string, Float64Array>();
      pass.pullback(referenceLossCotangent(pass.output, LABELS), exact);
      const float32 = backPropagation(each, values, images);
      const bfloat16 = backPropagation(each, values, images, undefined, 'bfloat16');
      assert.deepEqual([...bfloat16.keys()].sort(), [...float32.keys()].sort());
      for (const [judge, expected] of Object.entries({ float64: exact, float32 })) {
        within(
          t,
          `${family}, ${kind}, bfloat16 against ${judge}`,
          relativeError(bfloat16, expected),
          tolerance,
        );
      }
    }
    assert.equal(liveTensors(), before);
  });

  test(`${family}: a split changes no bit in bfloat16`, () => {
    const { network, layers, values } = smallNetwork(family);
    const stages = describeStages(network, [1, 1, network.blocks.length - 2], 0.1);
    const images = randomFeatures(8, network.image);
    const expected = backPropagation(layers, values, images, undefined, 'bfloat16');
    assert.deepEqual(stagedGradients(stages, values), expected);
  });
}

function withoutRelu(layers: readonly Layer[]): Layer[] {
  return layers.map((layer) => {
    if (layer.op === 'norm') return { ...layer, relu: false };
    if (layer.op !== 'residual') return layer;
    const { branch, shortcut } = layer;
    return { ...layer, relu: false, branch: withoutRelu(branch), shortcut: withoutRelu(shortcut) };
  });
}

/**
 * Gradients of the stages as the penalty with lambda = o and the multiplier give them. float32 can hold every
 * bfloat16, so boundaries round nothing.
 */
function stagedGradients(stages: readonly StageDescription[], values: NamedValues): NamedValues {
  return arena(() => {
    const gradients = new Map<string, Tensor>();
    const passes: ReturnType<typeof trainPass>[] = [];
    let lambda = uploadFeatures(randomFeatures(8, stages[0]!.input));
    for (const { index, layers } of stages) {
      const weights = uploadWeights(parametersOf(layers), values);
      const pass = trainPass(layers, lambda, { weights, gradients, precision: 'bfloat16' }, index > 0);
      passes.push(pass);
      lambda = pass.output;
    }
    let message: Tensor | null = null;
    for (const pass of passes.toReversed()) {
      const cotangent: Tensor =
        message === null
          ? classificationLoss(pass.output, uploadLabels()).cotangent
          : coupling(pass.output, pass.output, message, { beta: 4 }).cotangent;
      message = pass.pullback(cotangent);
    }
    return { values: readAll(gradients) };
  }).values;
}

const SPEC = tinySpec({
  epochs: 2,
  method: { type: 'augmented-lagrangian', stages: 2, end_to_end_share: 0.5 },
});
const MIXED = { ...SPEC, precision: 'bfloat16' } as const;

test('tasks in bfloat16 are pure functions, differ from float32, and store float32 states', async () => {
  const outputs = (spec: typeof SPEC) =>
    withBlobs(async (blobs) => {
      const run = await runTraining(spec, blobs, (task, options) =>
        runTrainingTask(task, { ...options, bfloat16: true }),
      );
      const contents = [...run].map(
        async ([key, success]) => [key, await contentsOf(success, blobs)] as const,
      );
      return new Map(await Promise.all(contents));
    });
  const before = liveTensors();
  const mixed = await outputs(MIXED);
  assert.deepEqual(await outputs(MIXED), mixed);
  const plain = await outputs(SPEC);
  for (const [key, contents] of mixed) {
    if (key !== 'prepare') assert.notDeepEqual(contents, plain.get(key), key);
  }
  assert.equal(liveTensors(), before);
});

for (const type of METHODS) {
  test(`${type}: every training task computes in bfloat16 where the job asks for it, and is refused without it`, async () => {
    const stages = type === 'backprop' ? 1 : 2;
    const spec = tinySpec({ epochs: 1, method: { type, stages } });
    const mixed = { ...spec, precision: 'bfloat16' } as const;
    await withBlobs(async (blobs) => {
      const plain = await runTraining(spec, blobs);
      await runTraining(spec, blobs, async (task, options) => {
        const asked = { ...options, spec: mixed };
        await assert.rejects(
          runTrainingTask(task, asked),
          (error) => error instanceof TrainerError && error.code === 'precision_unavailable',
        );
        const success = await runTrainingTask(task, { ...asked, attempt: 2, bfloat16: true });
        const [rounded, exact] = [success, plain.get(task.key)!].map(
          ({ outputs }) => Object.values(outputs)[0]!.uri,
        );
        assert.notEqual(rounded, exact, task.key);
        return plain.get(task.key)!;
      });
    });
  });
}

test('a device without bfloat16 refuses the task, for good', async () => {
  await withBlobs(async (blobs) => {
    const inputs = { dataset: (await storeTiny(blobs)).uri };
    const task = { key: 'stage-1-0', kind: 'stage', stage: 1, round: 0 } as const;
    await assert.rejects(runTrainingTask(task, { spec: MIXED, blobs, inputs }), (error) => {
      assert.ok(error instanceof TrainerError && error.code === 'precision_unavailable');
      return retryClassOf(error.code) === 'fatal';
    });
  });
});

/** Three times what guessing gives among ten classes; float32 comes to 0.57 here (docs/checks.md has more seeds). */
const LEARNT = 0.3;

test('stages trained in bfloat16 learn', async (t) => {
  await withBlobs(async (blobs) => {
    const spec = mnistSpec({
      max_train_samples: 2048,
      epochs: 2,
      method: { type: 'augmented-lagrangian', stages: 2 },
    });
    const run = await runPlan({ ...spec, precision: 'bfloat16' }, blobs);
    const accuracy = run.successes.get('finalize')!.result.test_accuracy!;
    t.diagnostic(`accuracy in bfloat16: ${accuracy}`);
    assert.ok(accuracy > LEARNT, `${accuracy}`);
  });
});
