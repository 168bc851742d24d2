/** Mean and standard deviation of each channel, of pixels between 0 and 1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
}

/** As torchvision, timm and transformers train on ImageNet. */
export const IMAGENET: Normalization = {
  mean: [0.485, 0.456, 0.406],
  standard_deviation: [0.229, 0.224, 0.225],
};

/** As chenyaofo/pytorch-cifar-models trains on CIFAR-10. */
export const CIFAR10: Normalization = {
  mean: [0.4914, 0.4822, 0.4465],
  standard_deviation: [0.2023, 0.1994, 0.201],
};

/** As xternalz/WideResNet-pytorch trains on CIFAR, which divides these by 255. */
export const WIDE_RESNET_CIFAR: Normalization = {
  mean: [125.3 / 255, 123 / 255, 113.9 / 255],
  standard_deviation: [63 / 255, 62.1 / 255, 66.7 / 255],
};
