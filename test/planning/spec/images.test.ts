import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../../src/contract/errors.js';
import type { DatasetFacts, JobSpec } from '../../../src/contract/spec.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import { jobSpec, MNIST, type SpecChanges } from '../../jobs/support/specs.js';

const BIRDS: DatasetFacts = {
  ...MNIST,
  name: 'birds',
  image: { height: 32, width: 32, channels: 3 },
  storage: 'encoded',
  manifest: `sha256:${'0'.repeat(64)}`,
  augmentation: { crop_padding: 2, horizontal_flip: true },
};

const resolved = (changes: SpecChanges, dataset = BIRDS) => resolveSpec(jobSpec(changes), dataset, 7);

test('encoded images are cropped at random unless the job sets otherwise', () => {
  const usual = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };
  const plain = {
    ...{ padding_mode: 'zero', flip: 'random', random_erasing: 0, mixup: 0, cutmix: 0 },
    ...{ mix_switch: 0.5, mix_off_epochs: 0, vertical_flip: false, rotation: 0, color_jitter: null },
    policy: { type: 'none', count: null, magnitude: null },
  };
  const base = { horizontal_flip: true, cutout: 0, ...plain };
  const of = (augmentation: SpecChanges['augmentation']) =>
    resolved({ augmentation: augmentation ?? {} }).augmentation;
  assert.deepEqual(of({}), { ...base, crop_padding: 0, random_resized_crop: usual });
  assert.deepEqual(of({ random_resized_crop: { scale: [0.5, 0.5] } }), {
    ...base,
    crop_padding: 0,
    random_resized_crop: { ...usual, scale: [0.5, 0.5] },
  });
  assert.deepEqual(of({ random_resized_crop: false }), {
    ...base,
    crop_padding: 2,
    random_resized_crop: false,
  });
  assert.deepEqual(of({ crop_padding: 4 }), { ...base, crop_padding: 4, random_resized_crop: false });
  const stored = resolved({ method: { type: 'stored' } });
  assert.deepEqual(stored.augmentation, {
    ...plain,
    cutout: 0,
    horizontal_flip: false,
    crop_padding: 0,
    random_resized_crop: false,
  });
});

test('a resolved spec resolves to itself', () => {
  const once = resolved({ augmentation: { random_resized_crop: { ratio: [1, 1] } }, image_size: 64 });
  assert.deepEqual(resolveSpec(once, BIRDS, 9), once);
});

/** An invalid spec, the pointer of the error, and its remedy. */
const FAULTS: readonly (readonly [string, SpecChanges, DatasetFacts, string, RegExp])[] = [
  [
    'crops of pixels',
    { augmentation: { random_resized_crop: {} } },
    MNIST,
    '/augmentation/random_resized_crop',
    /mnist stores pixels of a fixed size.*use false or null/,
  ],
  [
    'crops that are shifted too',
    { augmentation: { random_resized_crop: {}, crop_padding: 4 } },
    BIRDS,
    '/augmentation/crop_padding',
    /use 0 or null/,
  ],
  [
    'scales the wrong way round',
    { augmentation: { random_resized_crop: { scale: [1, 0.5] } } },
    BIRDS,
    '/augmentation/random_resized_crop/scale',
    /use \[0\.5, 1\]/,
  ],
  [
    'crops of stored variables',
    { method: { type: 'stored' }, augmentation: { random_resized_crop: {} } },
    BIRDS,
    '/augmentation/random_resized_crop',
    /without augmentation; use false or null/,
  ],
  [
    'another size of pixels',
    { image_size: 32 },
    MNIST,
    '/image_size',
    /mnist stores pixels of 28x28.*leave it out/,
  ],
  [
    'a size that the network has no use for',
    { image_size: 16, model: { family: 'imagenet-resnet', depth: 18 } },
    BIRDS,
    '/model/family',
    /the images of birds are 16x16/,
  ],
  [
    'a network that no library has',
    { exports: ['torchvision', 'timm'] },
    BIRDS,
    '/exports',
    /the family resnet has no counterpart in torchvision and timm; use imagenet-resnet, or the format safetensors/,
  ],
  [
    'a padding that no library has',
    { image_size: 64, model: { family: 'imagenet-resnet' }, exports: ['timm'] },
    BIRDS,
    '/model/padding',
    /would answer wrongly; use symmetric, or leave timm out of exports/,
  ],
  [
    'a depth that pytorch-cifar-models lacks',
    { image_size: 32, model: { depth: 26, padding: 'symmetric' }, exports: ['cifar-resnet'] },
    BIRDS,
    '/model/depth',
    /have the depths 20, 32, 44, 56; use one/,
  ],
  [
    'images that WideResNet-pytorch pools to more than one position',
    {
      image_size: 64,
      model: { family: 'wide-resnet', depth: 16, padding: 'symmetric' },
      exports: ['wide-resnet-pytorch'],
    },
    BIRDS,
    '/exports',
    /reads images of 29 to 32 pixels a side, these have 64x64; use safetensors/,
  ],
  [
    'a width that no library has',
    {
      image_size: 64,
      model: { family: 'imagenet-resnet', width: 32, padding: 'symmetric' },
      exports: ['torchvision'],
    },
    BIRDS,
    '/model/width',
    /have the width 64; use it/,
  ],
  [
    'a library network without batch norms',
    {
      image_size: 64,
      model: { family: 'imagenet-resnet', padding: 'symmetric' },
      exports: ['torchvision'],
      export_options: { fold_batch_norm: true },
    },
    BIRDS,
    '/export_options/fold_batch_norm',
    /have batch norms; use false/,
  ],
  [
    'further outputs of formats that have none',
    { image_size: 16, exports: ['safetensors'], export_options: { outputs: ['logits'] } },
    BIRDS,
    '/export_options/outputs',
    /only onnx, onnx-int8, .*tfjs-graph-int8 have further outputs; add one of them/,
  ],
  [
    'a cutout of the whole image',
    { image_size: 16, augmentation: { cutout: 16 } },
    BIRDS,
    '/augmentation/cutout',
    /15/,
  ],
];

for (const [name, changes, dataset, pointer, remedy] of FAULTS) {
  test(`refused with pointer and remedy: ${name}`, () => {
    assert.throws(
      () => resolved(changes, dataset),
      (error) => {
        assert.ok(error instanceof StrataError && error.code === 'invalid_spec');
        const fault = error.errors.find((each) => each.pointer === pointer);
        assert.match(fault?.message ?? `nothing about ${pointer}`, remedy);
        return true;
      },
    );
  });
}

test('networks of libraries are exported for them', () => {
  const padding = 'symmetric';
  const cases: readonly SpecChanges[] = [
    {
      image_size: 64,
      model: { family: 'imagenet-resnet', depth: 50, padding },
      exports: ['torchvision', 'timm', 'transformers'],
    },
    { image_size: 64, model: { family: 'resnet', depth: 20, padding }, exports: ['cifar-resnet'] },
    {
      image_size: 32,
      model: { family: 'wide-resnet', depth: 16, width: 4, padding },
      exports: ['wide-resnet-pytorch'],
    },
  ];
  for (const changes of cases) assert.deepEqual(resolved(changes).exports, changes.exports);
});

test('an image_size that equals that of the pixels is accepted', () => {
  assert.equal(resolved({ image_size: 28 }, MNIST).image_size, 28);
});

test('a policy has the values that a job left open, and those that it gave', () => {
  const of = (policy: Partial<JobSpec['augmentation']['policy']>) =>
    resolved({ augmentation: { policy } }).augmentation.policy;
  assert.deepEqual(of({ type: 'rand-augment' }), { type: 'rand-augment', count: 2, magnitude: 9 });
  const given = { type: 'rand-augment', count: 1, magnitude: 0 } as const;
  assert.deepEqual(of(given), given);
  assert.deepEqual(of({ type: 'trivial-augment' }), {
    type: 'trivial-augment',
    count: null,
    magnitude: null,
  });
});
