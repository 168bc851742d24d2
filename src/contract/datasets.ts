import type { DatasetFacts } from './spec.js';

/** Built-in datasets that trainers decode. Their facts are known in advance, so a job can be checked at once. */
export const BUILT_IN_DATASETS: readonly DatasetFacts[] = [
  {
    name: 'mnist',
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    image: { height: 28, width: 28, channels: 1 },
    storage: 'pixels',
    manifest: null,
    train_count: 60_000,
    test_count: 10_000,
    validation_count: 0,
    augmentation: { crop_padding: 2, horizontal_flip: false },
  },
];
