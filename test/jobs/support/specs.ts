import { BUILT_IN_DATASETS } from '../../../src/contract/datasets.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../../src/contract/spec.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';

export const MNIST: DatasetFacts = BUILT_IN_DATASETS[0]!;

type Partly<T> = { [P in keyof T]?: T[P] extends readonly unknown[] ? T[P] : Partly<T[P]> };

/** Differences from the defaults of the contract. */
export type SpecChanges = Partly<JobSpec>;

/** A job's body after the contract's own defaults, changed by `changes`. */
export function jobSpec(changes: SpecChanges = {}): JobSpec {
  const { model, method, optimizer, augmentation, export_options, ...top } = changes;
  return {
    name: '',
    metadata: {},
    priority: 0,
    dataset: 'mnist',
    max_train_samples: null,
    epochs: 10,
    batch_size: 128,
    precision: 'float32',
    image_size: null,
    label_smoothing: 0,
    seed: null,
    evaluate_every: null,
    init_from: null,
    max_runtime_s: null,
    max_pending_s: null,
    max_attempts: 5,
    trackers: [],
    exports: ['tfjs-layers'],
    ...top,
    model: { family: 'resnet', depth: null, width: null, dropout: 0, ...model },
    method: {
      type: 'augmented-lagrangian',
      stages: null,
      split: 'auto',
      penalty: 'auto',
      round_steps: null,
      message_rounds: null,
      warm_start_epochs: 0,
      end_to_end_share: null,
      end_to_end_replicas: null,
      ...method,
      auxiliary: { cost_share: 0.1, width: null, depth: null, learning_rate: null, ...method?.auxiliary },
      heads: { decoder: false, ...method?.heads },
      stored: { coupling: null, ...method?.stored },
      corrections: { precision: 'float16', filter: 'none', ...method?.corrections },
    },
    optimizer: {
      type: 'sgd',
      learning_rate: null,
      momentum: null,
      nesterov: false,
      beta1: null,
      beta2: null,
      epsilon: null,
      weight_decay: null,
      decay_norm_and_bias: true,
      clip_norm: null,
      ...optimizer,
      schedule: {
        type: 'cosine',
        warmup_epochs: 0,
        milestones: [0.5, 0.75],
        gamma: 0.1,
        ...optimizer?.schedule,
      },
    },
    augmentation: {
      crop_padding: null,
      horizontal_flip: null,
      cutout: 0,
      random_resized_crop: null,
      ...augmentation,
    },
    export_options: { fold_batch_norm: false, ...export_options },
  } as JobSpec;
}

export function resolved(changes: SpecChanges = {}): ResolvedSpec {
  return resolveSpec(jobSpec(changes), MNIST, 7);
}

/** Two stages, four parallel rounds, one evaluation and one end-to-end round: 12 tasks. */
export function smallJob(changes: SpecChanges = {}): JobSpec {
  return jobSpec({ max_train_samples: 256, batch_size: 32, epochs: 2, ...changes });
}
