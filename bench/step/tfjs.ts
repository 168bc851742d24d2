// Contender: the same network as a stock TensorFlow.js layers model, on the same TensorFlow library.
import { inferenceModel } from '../../src/trainer/export/index.js';
import { buildLayersModel } from '../../src/trainer/export/layers-model.js';
import { initialValues } from '../../src/trainer/optimizer/index.js';
import { describeRuntime, tf } from '../../src/trainer/runtime/index.js';
import { peakMb, serveSteps } from './serve.js';
import { CLASSES, givenWorkload, LEARNING_RATE, labels, MOMENTUM, randomImages } from './workload.js';

const base = peakMb();
const { image, layers, parameters, batch, shape } = givenWorkload();
const statistics = new Map(
  layers.flatMap(function norms(layer): [string, { mean: Float32Array; variance: Float32Array }][] {
    if (layer.op === 'residual') return [...layer.branch, ...layer.shortcut].flatMap(norms);
    if (layer.op !== 'norm') return [];
    const channels = layer.output.channels;
    return [[layer.name, { mean: new Float32Array(channels), variance: new Float32Array(channels).fill(1) }]];
  }),
);
const source = {
  layers,
  values: initialValues(parameters, 1),
  statistics,
  manifest: {
    storage: 'pixels' as const,
    image,
    classes: [],
    mean: [0, 0, 0],
    standard_deviation: [1, 1, 1],
  },
};
const model = buildLayersModel(inferenceModel(source));
// The first layer normalises pixels, which these are not.
model.getLayer('normalize').call = (input) => (Array.isArray(input) ? input[0]! : input);
model.compile({
  optimizer: tf.train.momentum(LEARNING_RATE, MOMENTUM),
  loss: 'categoricalCrossentropy',
});
const images = tf.tensor4d(randomImages(shape), shape as [number, number, number, number]);
const targets = tf.oneHot(tf.tensor1d(labels(batch), 'int32'), CLASSES);

await serveSteps(
  `tfjs-node ${tf.version_core}, TensorFlow ${describeRuntime().tensorflow}`,
  base,
  async () => (await model.trainOnBatch(images, targets)) as number,
);
