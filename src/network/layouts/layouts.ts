import type { BlockPlace, Layout, LayoutName } from './layout.js';
import { CIFAR10, IMAGENET, type Normalization, WIDE_RESNET_CIFAR } from './normalizations.js';

/** torchvision's `resnet18` to `resnet152`, and timm's networks of the same names. */
export const TORCHVISION: Layout = {
  name: 'torchvision',
  families: ['imagenet-resnet'],
  normalization: IMAGENET,
  sign: 'layer1.0.conv1.weight',
  outer: { 'stem/conv': 'conv1', 'stem/norm': 'bn1', 'head/dense': 'fc' },
  inner: torchvisionInner,
};

/** chenyaofo/pytorch-cifar-models: `cifar10_resnet20` and so on, with the names of torchvision. */
export const CIFAR_RESNET: Layout = {
  ...TORCHVISION,
  name: 'cifar-resnet',
  families: ['resnet'],
  normalization: CIFAR10,
};

function torchvisionInner({ group, index }: BlockPlace, layer: string): string {
  const names: Readonly<Record<string, string>> = {
    shortcut: 'downsample.0',
    shortcut_norm: 'downsample.1',
  };
  return `layer${group + 1}.${index}.${names[layer] ?? layer.replace('norm', 'bn')}`;
}

/** transformers' `ResNetForImageClassification`. */
export const TRANSFORMERS: Layout = {
  name: 'transformers',
  families: ['imagenet-resnet'],
  normalization: IMAGENET,
  sign: 'resnet.encoder.stages.0.layers.0.layer.0.convolution.weight',
  outer: {
    'stem/conv': 'resnet.embedder.embedder.convolution',
    'stem/norm': 'resnet.embedder.embedder.normalization',
    'head/dense': 'classifier.1',
  },
  inner: ({ group, index }, layer) => {
    const block = `resnet.encoder.stages.${group}.layers.${index}`;
    const [, kind, number] = /^(conv|norm)(\d)$/.exec(layer) ?? [];
    const part = (isConvolution: boolean) => (isConvolution ? 'convolution' : 'normalization');
    return number === undefined
      ? `${block}.shortcut.${part(layer === 'shortcut')}`
      : `${block}.layer.${Number(number) - 1}.${part(kind === 'conv')}`;
  },
};

/** xternalz/WideResNet-pytorch. */
export const WIDE_RESNET_PYTORCH: Layout = {
  name: 'wide-resnet-pytorch',
  families: ['wide-resnet'],
  normalization: WIDE_RESNET_CIFAR,
  sign: 'block1.layer.0.conv1.weight',
  outer: { 'stem/conv': 'conv1', 'head/norm': 'bn1', 'head/dense': 'fc' },
  inner: ({ group, index }, layer) => {
    const name = layer === 'shortcut' ? 'convShortcut' : layer.replace('norm', 'bn');
    return `block${group + 1}.layer.${index}.${name}`;
  },
};

/** `model.safetensors` of a job with the export `safetensors`, whose batch norms were not folded. */
export const STRATA: Layout = {
  name: 'strata',
  families: ['resnet', 'wide-resnet', 'imagenet-resnet'],
  normalization: null,
  sign: 'block0.conv1.weight',
  outer: {
    'stem/conv': 'stem.conv',
    'stem/norm': 'stem.norm',
    'head/norm': 'head.norm',
    'head/dense': 'head.dense',
  },
  inner: ({ position }, layer) => `block${position}.${layer}`,
};

const LAYOUTS: Readonly<Record<LayoutName, Layout>> = {
  torchvision: TORCHVISION,
  transformers: TRANSFORMERS,
  'cifar-resnet': CIFAR_RESNET,
  'wide-resnet-pytorch': WIDE_RESNET_PYTORCH,
  strata: STRATA,
};

/** The normalization that weights in a layout were trained with; null where it is not known. */
export function normalizationOf(layout: LayoutName): Normalization | null {
  return LAYOUTS[layout].normalization;
}
