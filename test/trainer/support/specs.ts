import type { JobSpec, ResolvedSpec } from '../../../src/contract/spec.js';
import { resolveSpec } from '../../../src/jobs/resolve.js';
import { MNIST } from './run-plan.js';

/** What differs from the base below; nested groups are merged one level deep. */
export interface SpecChanges
  extends Partial<Omit<JobSpec, 'model' | 'method' | 'optimizer' | 'augmentation'>> {
  readonly model?: Partial<JobSpec['model']>;
  readonly method?: Partial<JobSpec['method']>;
  readonly optimizer?: Partial<JobSpec['optimizer']>;
  readonly augmentation?: Partial<JobSpec['augmentation']>;
}

/** A resolved job on MNIST, with the contract's defaults; small unless changed. */
export function mnistSpec(changes: SpecChanges = {}): ResolvedSpec {
  const { model, method, optimizer, augmentation, ...rest } = changes;
  const spec: JobSpec = {
    name: '',
    metadata: {},
    dataset: 'mnist',
    max_train_samples: 512,
    epochs: 1,
    batch_size: 32,
    label_smoothing: 0,
    seed: 1,
    evaluate_every: null,
    exports: [],
    ...rest,
    model: { family: 'resnet', depth: 8, width: 4, dropout: 0, ...model },
    method: {
      type: 'augmented-lagrangian',
      stages: null,
      split: 'auto',
      penalty: 'auto',
      auxiliary: { cost_share: 0.1, learning_rate: null },
      corrections: { precision: 'float16' },
      round_steps: null,
      end_to_end_share: null,
      ...method,
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
      schedule: { type: 'cosine', warmup_epochs: 0, milestones: [0.5, 0.75], gamma: 0.1 },
      ...optimizer,
    },
    augmentation: { crop_padding: null, horizontal_flip: null, cutout: 0, ...augmentation },
  };
  return resolveSpec(spec, MNIST, 1);
}
