import type { NewJob } from '../../../client/src/index.js';

/** One thing that a recipe may do, alone on top of the baseline. */
export interface Step {
  readonly name: string;
  readonly changes: Pick<NewJob, 'optimizer' | 'label_smoothing' | 'augmentation'>;
  readonly seeds: readonly number[];
}

/**
 * The optimizer of the accuracy study, with crops and flips, on so few images that the network overfits them: as it
 * does on those of most people who begin.
 */
export const SETTING = {
  model: { family: 'resnet', depth: 8, width: 8 },
  max_train_samples: 1_000,
  batch_size: 50,
  epochs: 16,
} as const;
export const OPTIMIZER = { learning_rate: 0.1, nesterov: true, weight_decay: 5e-4 } as const;
export const BASELINE = 'baseline';
/** The service's own optimizer settings. */
export const PLAIN = 'plain momentum, weight_decay 1e-4';

/** Seeds of the steps that are tried, and of those that only stand beside them. */
const [TRIED, BESIDE] = [[1, 2, 3], [1]] as const;

/** The values that the steps' sources recommend, scaled to the size of the images where they are lengths. */
export const STEPS: readonly Step[] = [
  { name: BASELINE, changes: {}, seeds: TRIED },
  {
    name: PLAIN,
    changes: { optimizer: { nesterov: false, weight_decay: 1e-4 } },
    seeds: TRIED,
  },
  { name: 'schedule linear', changes: { optimizer: { schedule: { type: 'linear' } } }, seeds: TRIED },
  { name: 'flip alternating', changes: { augmentation: { flip: 'alternating' } }, seeds: TRIED },
  { name: 'label_smoothing 0.1', changes: { label_smoothing: 0.1 }, seeds: TRIED },
  { name: 'decay_norm_and_bias false', changes: { optimizer: { decay_norm_and_bias: false } }, seeds: TRIED },
  { name: 'warmup_epochs 2', changes: { optimizer: { schedule: { warmup_epochs: 2 } } }, seeds: TRIED },
  { name: 'padding_mode reflect', changes: { augmentation: { padding_mode: 'reflect' } }, seeds: TRIED },
  { name: 'random_erasing 0.5', changes: { augmentation: { random_erasing: 0.5 } }, seeds: TRIED },
  { name: 'mixup 0.2', changes: { augmentation: { mixup: 0.2 } }, seeds: TRIED },
  { name: 'cutmix 1', changes: { augmentation: { cutmix: 1 } }, seeds: TRIED },
  {
    name: 'policy trivial-augment',
    changes: { augmentation: { policy: { type: 'trivial-augment' } } },
    seeds: TRIED,
  },
  {
    name: 'policy rand-augment',
    changes: { augmentation: { policy: { type: 'rand-augment' } } },
    seeds: TRIED,
  },
  {
    name: 'color_jitter 0.4',
    changes: { augmentation: { color_jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4 } } },
    seeds: TRIED,
  },
  { name: 'rotation 15', changes: { augmentation: { rotation: 15 } }, seeds: TRIED },
  {
    name: 'mixup 0.2 but for the last 4 epochs',
    changes: { augmentation: { mixup: 0.2, mix_off_epochs: 4 } },
    seeds: TRIED,
  },
  {
    name: 'neither crops nor flips',
    changes: { augmentation: { crop_padding: 0, horizontal_flip: false } },
    seeds: BESIDE,
  },
  {
    name: 'schedule polynomial',
    changes: { optimizer: { schedule: { type: 'polynomial' } } },
    seeds: BESIDE,
  },
  { name: 'cutout, half a side', changes: { augmentation: { cutout: 8 } }, seeds: BESIDE },
];
