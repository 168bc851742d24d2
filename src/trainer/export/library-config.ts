import { modelInputOf } from '../../images/preparation.js';
import { blockGroups, hasBottlenecks, type ModelSize } from '../../network/index.js';
import { flattenInference, type InferenceModel } from './inference-layers.js';
import { metadataOf } from './metadata.js';

const MAX_PIXEL = 255;
/** Sides of the image over those of the last block. */
const STRIDES = 32;

/** `config.json` of a library without words of its own: which network, and how pixels 0..255 become its input. */
export function pytorchConfig({ manifest }: InferenceModel, format: string, network: object): object {
  return {
    format,
    ...network,
    ...metadataOf(manifest, 'outside'),
    mean: manifest.mean,
    standard_deviation: manifest.standard_deviation,
  };
}

/** `config.json` in the words of transformers, with the same facts about the input. */
export function transformersConfig(
  { manifest }: InferenceModel,
  { family, depth, width }: ModelSize,
): object {
  const { image, classes, mean, standard_deviation } = manifest;
  const isBottleneck = hasBottlenecks(family, depth);
  return {
    model_type: 'resnet',
    architectures: ['ResNetForImageClassification'],
    num_channels: image.channels,
    embedding_size: width,
    depths: blockGroups(family, depth),
    hidden_sizes: [1, 2, 4, 8].map((factor) => factor * width * (isBottleneck ? 4 : 1)),
    layer_type: isBottleneck ? 'bottleneck' : 'basic',
    hidden_act: 'relu',
    downsample_in_first_stage: false,
    downsample_in_bottleneck: false,
    id2label: Object.fromEntries(classes.entries()),
    label2id: Object.fromEntries(classes.map((name, index) => [name, index])),
    ...metadataOf(manifest, 'outside'),
    mean,
    standard_deviation,
  };
}

/** `config.json` in the words of timm, whose mean and deviation are of pixels 0..1. */
export function timmConfig({ manifest, layers }: InferenceModel, architecture: string): object {
  const { image, classes, mean, standard_deviation, preparation } = manifest;
  const { crop_share, interpolation } = modelInputOf(image, preparation, 'outside');
  const dense = flattenInference(layers).find((layer) => layer.op === 'dense');
  const share = (value: number) => value / MAX_PIXEL;
  return {
    architecture,
    num_classes: classes.length,
    num_features: dense?.inputs,
    global_pool: 'avg',
    // timm builds a network for three channels unless it is told.
    ...(image.channels !== 3 && { model_args: { in_chans: image.channels } }),
    pretrained_cfg: {
      tag: 'strata',
      custom_load: false,
      input_size: [image.channels, image.height, image.width],
      fixed_input_size: false,
      interpolation,
      crop_pct: crop_share,
      crop_mode: 'center',
      mean: mean.map(share),
      std: standard_deviation.map(share),
      num_classes: classes.length,
      pool_size: [Math.ceil(image.height / STRIDES), Math.ceil(image.width / STRIDES)],
      first_conv: 'conv1',
      classifier: 'fc',
    },
    label_names: classes,
    input: modelInputOf(image, preparation, 'outside'),
  };
}
