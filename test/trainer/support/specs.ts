import type { JobSpec, ResolvedSpec } from '../../../src/contract/spec.js';
import { resolveSpec } from '../../../src/jobs/resolve.js';
import { MNIST } from './run-plan.js';

/** What differs from the base below; nested groups are merged one level deep. */
export interface SpecChanges extends Partial<Omit<JobSpec, 'model' | 'method' | 'optimizer'>> {
  readonly model?: Partial<JobSpec['model']>;
  readonly method?: Partial<JobSpec['method']>;
  readonly optimizer?: Partial<JobSpec['optimizer']>;
}

/** A resolved job on MNIST, with the contract's defaults; small unless changed. */
export function mnistSpec(changes: SpecChanges = {}): ResolvedSpec {
  const { model, method, optimizer, ...rest } = changes;
  const spec: JobSpec = {
    name: '',
    metadata: {},
    dataset: 'mnist',
    max_train_samples: 512,
    epochs: 1,
    batch_size: 32,
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
      auxiliary: { cost_share: 0.1 },
      corrections: { precision: 'float16' },
      round_steps: null,
      end_to_end_share: null,
      ...method,
    },
    optimizer: {
      type: 'sgd',
      learning_rate: 0.1,
      momentum: 0.9,
      weight_decay: 0.0001,
      schedule: { type: 'cosine', milestones: [0.5, 0.75], gamma: 0.1 },
      ...optimizer,
    },
    augmentation: rest.augmentation ?? { crop_padding: null, horizontal_flip: null },
  };
  return resolveSpec(spec, MNIST, 1);
}
