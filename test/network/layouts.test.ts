import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSize } from '../../src/network/index.js';
import {
  CIFAR_RESNET,
  foreignTensors,
  type Layout,
  recognizeNetwork,
  STRATA,
  TORCHVISION,
  TRANSFORMERS,
  UnknownWeightsError,
  WIDE_RESNET_PYTORCH,
} from '../../src/network/layouts/index.js';

const IMAGE = { height: 64, width: 64, channels: 3 };

function shapesOf(layout: Layout, model: ModelSize, classes = 10): Map<string, readonly number[]> {
  return new Map(foreignTensors(layout, model, IMAGE, classes).map(({ theirs, shape }) => [theirs, shape]));
}

const RESNET_18 = { family: 'imagenet-resnet', depth: 18, width: 64 } as const;
const RESNET_20 = { family: 'resnet', depth: 20, width: 16 } as const;

const NETWORKS: readonly [Layout, ModelSize][] = [
  ...[18, 34, 50, 101, 152].flatMap((depth): [Layout, ModelSize][] => [
    [TORCHVISION, { ...RESNET_18, depth }],
    [TRANSFORMERS, { ...RESNET_18, depth }],
    [STRATA, { ...RESNET_18, depth }],
  ]),
  [CIFAR_RESNET, RESNET_20],
  [STRATA, RESNET_20],
  [CIFAR_RESNET, { ...RESNET_20, depth: 56 }],
  [WIDE_RESNET_PYTORCH, { family: 'wide-resnet', depth: 16, width: 4 }],
  [STRATA, { family: 'wide-resnet', depth: 28, width: 10 }],
];

for (const [layout, model] of NETWORKS) {
  test(`${layout.name}: ${model.family}-${model.depth} is recognized by its names and shapes`, () => {
    const shapes = shapesOf(layout, model, 7);
    shapes.set('bn1.num_batches_tracked', []);
    const { tensors, ...found } = recognizeNetwork(shapes);
    assert.deepEqual(found, { layout, model, channels: 3, classes: 7 });
    assert.equal(tensors.length, shapes.size - 1);
  });
}

/** As `torchvision.models.resnet50().state_dict()`, transformers and WideResNet-pytorch print them. */
test('names are those of the programs', () => {
  const [fifty, wide] = [
    { ...RESNET_18, depth: 50 },
    { family: 'wide-resnet', depth: 16, width: 4 } as const,
  ];
  const shape = (layout: Layout, model: ModelSize, name: string) => shapesOf(layout, model).get(name);
  assert.deepEqual(shape(TORCHVISION, fifty, 'conv1.weight'), [64, 3, 7, 7]);
  assert.deepEqual(shape(TORCHVISION, fifty, 'layer2.0.conv2.weight'), [128, 128, 3, 3]);
  assert.deepEqual(shape(TORCHVISION, fifty, 'layer3.0.downsample.0.weight'), [1024, 512, 1, 1]);
  assert.deepEqual(shape(TORCHVISION, fifty, 'layer4.2.bn3.running_var'), [2048]);
  assert.deepEqual(shape(TORCHVISION, fifty, 'fc.bias'), [10]);
  const block = 'resnet.encoder.stages.1.layers.0';
  assert.deepEqual(shape(TRANSFORMERS, fifty, `${block}.layer.1.convolution.weight`), [128, 128, 3, 3]);
  assert.deepEqual(shape(TRANSFORMERS, fifty, `${block}.shortcut.normalization.weight`), [512]);
  assert.deepEqual(shape(TRANSFORMERS, fifty, 'classifier.1.weight'), [10, 2048]);
  assert.deepEqual(shape(WIDE_RESNET_PYTORCH, wide, 'block2.layer.0.convShortcut.weight'), [128, 64, 1, 1]);
  assert.deepEqual(shape(WIDE_RESNET_PYTORCH, wide, 'bn1.running_mean'), [256]);
});

const changed = (change: (shapes: Map<string, readonly number[]>) => void, model: ModelSize = RESNET_18) => {
  const shapes = shapesOf(model === RESNET_18 ? TORCHVISION : CIFAR_RESNET, model);
  change(shapes);
  return shapes;
};

const REFUSED: readonly [what: string, shapes: Map<string, readonly number[]>, message: RegExp][] = [
  ['no tensors', new Map(), /It has no tensors/],
  ['another network', new Map([['model.embed', [2, 2]]]), /the first is "model.embed"/],
  [
    'a missing tensor',
    changed((shapes) => shapes.delete('layer3.1.bn2.bias')),
    /no tensor layer3\.1\.bn2\.bias/,
  ],
  [
    'a ResNeXt',
    changed((shapes) => shapes.set('layer1.0.conv1.weight', [128, 64, 1, 1])),
    /layer1\.0\.conv1\.weight has the shape \[128, 64, 1, 1\]; imagenet-resnet-18 of width 64 needs \[64, 64, 3, 3\]/,
  ],
  [
    'shortcuts of option A',
    changed((shapes) => shapes.delete('layer2.0.downsample.0.weight'), RESNET_20),
    /layer2\.0\.downsample\.0\.weight.*option A/,
  ],
  ['merged norms', changed((shapes) => shapes.set('conv1.bias', [64])), /merged into its convolutions/],
  [
    'one more tensor',
    changed((shapes) => shapes.set('layer1.0.se.fc1.weight', [4])),
    /a tensor "layer1\.0\.se/,
  ],
  [
    'another number of blocks',
    changed((shapes) => shapes.delete('layer1.1.conv1.weight')),
    /has 7 residual blocks/,
  ],
  ['two channels', changed((shapes) => shapes.set('conv1.weight', [64, 2, 7, 7])), /reads 2 channels/],
  ['no classes', changed((shapes) => shapes.set('fc.weight', [0, 512])), /has 0 classes/],
];

for (const [what, shapes, message] of REFUSED) {
  test(`refused with the first that does not fit: ${what}`, () => {
    assert.throws(
      () => recognizeNetwork(shapes),
      (error) => error instanceof UnknownWeightsError && message.test(error.message),
    );
  });
}
