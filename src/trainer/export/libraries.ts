import type { ModelSize } from '../../network/index.js';
import {
  CIFAR_RESNET,
  type Layout,
  TORCHVISION,
  TRANSFORMERS,
  WIDE_RESNET_PYTORCH,
} from '../../network/layouts/index.js';
import type { ExportFormat } from './exported.js';
import type { InferenceModel } from './inference-layers.js';
import { pytorchConfig, timmConfig, transformersConfig } from './library-config.js';

export type LibraryFormat = Extract<
  ExportFormat,
  'torchvision' | 'timm' | 'transformers' | 'cifar-resnet' | 'wide-resnet-pytorch'
>;

/** A library that has our networks under names of its own. planning/spec/exports.ts says which. */
export interface Library {
  readonly layout: Layout;
  /** The content of `config.json`. */
  config(model: InferenceModel, network: ModelSize): object;
}

export const LIBRARIES: Readonly<Record<LibraryFormat, Library>> = {
  torchvision: {
    layout: TORCHVISION,
    config: (model, { depth }) => pytorchConfig(model, 'torchvision', { architecture: `resnet${depth}` }),
  },
  // timm has the names of torchvision.
  timm: { layout: TORCHVISION, config: (model, { depth }) => timmConfig(model, `resnet${depth}`) },
  transformers: { layout: TRANSFORMERS, config: transformersConfig },
  'cifar-resnet': {
    layout: CIFAR_RESNET,
    config: (model, { depth }) =>
      pytorchConfig(model, 'cifar-resnet', { architecture: `cifar10_resnet${depth}` }),
  },
  'wide-resnet-pytorch': {
    layout: WIDE_RESNET_PYTORCH,
    config: (model, { depth, width }) =>
      pytorchConfig(model, 'wide-resnet-pytorch', {
        architecture: 'WideResNet',
        depth,
        widen_factor: width,
      }),
  },
};
