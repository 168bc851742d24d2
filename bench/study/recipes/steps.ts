import type { NewJob } from '../../../client/src/index.js';

/** One thing that a recipe may do, alone on top of the baseline. */
export interface Step {
  readonly name: string;
  readonly changes: Pick<NewJob, 'optimizer' | 'label_smoothing' | 'augmentation'>;
}

/**
 * The optimizer of the accuracy study, with crops and flips, on so few images that the network overfits them: as it
 * does on those of most people who begin.
 */
export const SETTING = {
  model: { family: 'resnet', depth: 8, width: 16 },
  max_train_samples: 2_000,
  batch_size: 100,
  epochs: 16,
} as const;
export const OPTIMIZER = { learning_rate: 0.1, nesterov: true, weight_decay: 5e-4 } as const;
export const BASELINE = 'baseline';

/** The values that the steps' sources recommend, scaled to the size of the images where they are lengths. */
export const STEPS: readonly Step[] = [
  { name: BASELINE, changes: {} },
  { name: 'label_smoothing 0.1', changes: { label_smoothing: 0.1 } },
  { name: 'warmup_epochs 2', changes: { optimizer: { schedule: { warmup_epochs: 2 } } } },
  { name: 'decay_norm_and_bias false', changes: { optimizer: { decay_norm_and_bias: false } } },
  { name: 'schedule linear', changes: { optimizer: { schedule: { type: 'linear' } } } },
  { name: 'schedule polynomial', changes: { optimizer: { schedule: { type: 'polynomial' } } } },
  { name: 'padding_mode reflect', changes: { augmentation: { padding_mode: 'reflect' } } },
  { name: 'flip alternating', changes: { augmentation: { flip: 'alternating' } } },
  { name: 'random_erasing 0.5', changes: { augmentation: { random_erasing: 0.5 } } },
  { name: 'cutout, half a side', changes: { augmentation: { cutout: 8 } } },
  { name: 'mixup 0.2', changes: { augmentation: { mixup: 0.2 } } },
  { name: 'cutmix 1', changes: { augmentation: { cutmix: 1 } } },
];
