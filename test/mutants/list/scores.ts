import { type Mutant, noticedBy } from '../mutant.js';

const STATISTICS = 'src/trainer/passes/norm-statistics.ts';
const TRAINED = 'src/trainer/evaluation/trained-network.ts';
const FINALIZE = 'src/trainer/tasks/finalize/finalize.ts';
const EVALUATION_TEST = 'test/trainer/equations/evaluation.test.ts';

/** Batches, kernels, evaluation and exports. */
export const SCORES: readonly Mutant[] = [
  ...noticedBy('test/datasets/metadata.test.ts', 'each image keeps its values', [
    {
      name: 'metadata-unsorted',
      fault: 'Codes of metadata stay in the order of their first use, while the values are sorted.',
      file: 'src/datasets/metadata/column.ts',
      edits: [['codes.map((code) => places[code]!)', 'codes']],
    },
  ]),
  ...noticedBy(EVALUATION_TEST, 'a task between rounds scores the test images', [
    {
      name: 'norm-variance',
      fault: 'Batch norms infer with 0.8 times the variance.',
      file: STATISTICS,
      edits: [
        [
          'variance: Float32Array.from(variance)',
          'variance: Float32Array.from(variance, (value) => 0.8 * value)',
        ],
      ],
    },
    {
      name: 'norm-last-batch',
      fault: 'Batch norms infer with the statistics of the last batch.',
      file: STATISTICS,
      edits: [
        ['const sum = sums.get(name) ?? {', 'const sum = {'],
        ['this.#batches++', 'this.#batches = 1'],
      ],
    },
    {
      name: 'norm-few-images',
      fault: 'Batch-norm statistics come from 200 images.',
      file: TRAINED,
      edits: [['STATISTICS_IMAGES = 1600', 'STATISTICS_IMAGES = 200']],
    },
    {
      name: 'accuracy-first',
      fault: 'The first image of a batch always counts as right.',
      file: TRAINED,
      edits: [
        [
          'counts.add(batch.labelValues, result.predicted);',
          'counts.add(batch.labelValues, result.predicted.with(0, batch.labelValues[0]!));',
        ],
      ],
    },
    {
      name: 'test-loss',
      fault: 'The test loss is divided by one image too many.',
      file: TRAINED,
      edits: [['loss: lossSum / reader.count', 'loss: lossSum / (reader.count + 1)']],
    },
    {
      name: 'evaluate-train',
      fault: 'The accuracy between rounds is of training images.',
      file: 'src/trainer/tasks/evaluate/evaluate.ts',
      edits: [['readers.validation ?? readers.test', 'readers.train']],
    },
    {
      name: 'labels-shifted',
      fault: "Each image has its neighbour's label.",
      file: 'src/trainer/data/batch-filler.ts',
      edits: [['reader.labels[index]!', 'reader.labels[(index + 1) % reader.labels.length]!']],
    },
  ]),
  ...noticedBy(EVALUATION_TEST, 'the last task of a job scores the test images', [
    {
      name: 'finalize-train',
      fault: 'The final accuracy is of training images.',
      file: FINALIZE,
      edits: [
        [
          '{ train, test }: Readers,\n): Promise<ScoredNetwork>',
          '{ train, train: test }: Readers,\n): Promise<ScoredNetwork>',
        ],
      ],
    },
    {
      name: 'compact-unfitted',
      fault: 'The compact network has the AuxNet as it was before the fit.',
      file: FINALIZE,
      edits: [['new Map([...weights, ...last.weights])', 'new Map([...last.weights, ...weights])']],
    },
    {
      name: 'auxiliary-error-train',
      fault: "An AuxNet's error is of training images.",
      file: 'src/trainer/evaluation/reconstruct.ts',
      edits: [
        ['relativeError(prefix, network, readers.test)', 'relativeError(prefix, network, readers.train)'],
      ],
    },
  ]),
  ...noticedBy('test/trainer/evaluation/reconstruct.test.ts', 'an AuxNet is fitted by', [
    {
      name: 'fit-short',
      fault: 'The fit of an AuxNet makes two steps.',
      file: 'src/trainer/evaluation/reconstruct.ts',
      edits: [['steps: 200', 'steps: 2']],
    },
    {
      name: 'fit-rate',
      fault: 'The rate of the fit does not fall.',
      file: 'src/trainer/evaluation/reconstruct.ts',
      edits: [['fit.learningRate * (1 - step / fit.steps)', 'fit.learningRate']],
    },
  ]),
  ...noticedBy('test/trainer/data/data.test.ts', 'an image is shifted, mirrored and normalised', [
    {
      name: 'deviation',
      fault: 'Pixels are divided by their deviation plus one.',
      file: 'src/trainer/data/augment.ts',
      edits: [['(pixel - center) / deviation[channel]!', '(pixel - center) / (deviation[channel]! + 1)']],
    },
    {
      name: 'flip-lost',
      fault: 'A mirrored image is not mirrored.',
      file: 'src/trainer/data/augment.ts',
      edits: [['(mirrored ? width - 1 - shifted : shifted)', '(mirrored ? shifted : shifted)']],
    },
  ]),
  ...noticedBy('test/trainer/data/data.test.ts', 'placements cover the whole range evenly', [
    {
      name: 'flip-never',
      fault: 'No image is drawn to be mirrored.',
      file: 'src/trainer/data/augment.ts',
      edits: [['horizontal_flip && random() < 0.5', 'horizontal_flip && random() < 0']],
    },
    {
      name: 'shift-narrow',
      fault: 'The largest shift is never drawn.',
      file: 'src/trainer/data/augment.ts',
      edits: [['(2 * padding + 1)', '(2 * padding)']],
    },
  ]),
  ...noticedBy('test/trainer/data/data.test.ts', 'an epoch holds every image once', [
    {
      name: 'epochs-alike',
      fault: 'Every epoch has the same order.',
      file: 'src/trainer/data/sampling.ts',
      edits: [["'order', epoch)", "'order', 0)"]],
    },
    {
      name: 'batch-offset',
      fault: 'Batches of an epoch overlap.',
      file: 'src/trainer/data/batch-filler.ts',
      edits: [['(step % stepsPerEpoch) * batchSize', '(step % stepsPerEpoch) * (batchSize - 1)']],
    },
  ]),
  ...noticedBy('test/trainer/passes/passes.test.ts', 'the forward pass equals the float64 reference', [
    {
      name: 'norm-epsilon',
      fault: 'The epsilon of batch norms is 1e-3.',
      file: 'src/trainer/kernels/normalization.ts',
      edits: [['NORM_EPSILON = 1e-5', 'NORM_EPSILON = 1e-3']],
    },
  ]),
  ...noticedBy('test/trainer/passes/dropout.test.ts', 'share of values is dropped', [
    {
      name: 'dropout-scale',
      fault: 'What dropout keeps is not scaled up.',
      file: 'src/trainer/kernels/dropout.ts',
      edits: [['scalarLike(values, 1 / (1 - rate))', 'scalarLike(values, 1)']],
    },
  ]),
  ...noticedBy('test/trainer/passes/mixed-precision.test.ts', 'gradients in bfloat16 against float64', [
    {
      name: 'head-bfloat16',
      fault: 'The head computes in bfloat16.',
      file: 'src/trainer/passes/mixed-pass.ts',
      edits: [['headStart < 0 ? layers.length : headStart', 'layers.length']],
    },
  ]),
  ...noticedBy('test/trainer/messages/messages.test.ts', 'the error is within the bound that is documented', [
    {
      name: 'float16-scale',
      fault: 'Corrections are scaled beyond the largest float16.',
      file: 'src/trainer/messages/codecs/float16.ts',
      edits: [['SCALED_MAGNITUDE = 2 ** 14', 'SCALED_MAGNITUDE = 2 ** 17']],
    },
    {
      name: 'int8-codes',
      fault: 'int8 uses 15 steps instead of 127.',
      file: 'src/trainer/messages/codecs/int8.ts',
      edits: [['MAX_CODE = 127', 'MAX_CODE = 15']],
    },
  ]),
  ...noticedBy(
    'test/trainer/export/export.test.ts',
    'every format computes what the trained network computes',
    [
      {
        name: 'export-epsilon',
        fault: 'Exported batch norms have an epsilon of 1e-3.',
        file: 'src/trainer/export/operations/norm.ts',
        edits: [['epsilon: NORM_EPSILON', 'epsilon: 1e-3']],
      },
      {
        name: 'export-channels',
        fault: 'Exported kernels have inputs and outputs in another order.',
        file: 'src/network/kernel-layout.ts',
        edits: [['result[first] = kernel[last]!', 'result[last] = kernel[last]!']],
      },
      {
        name: 'export-fold',
        fault: 'A folded batch norm forgets its mean.',
        file: 'src/trainer/export/fold-norms.ts',
        edits: [['(value, i) => value - mean[i]! * factor[i]!', '(value) => value']],
      },
    ],
  ),
];
