import { BUILT_IN_DATASETS } from '../../../src/contract/datasets.js';
import { JOB_DEFAULTS } from '../../../src/contract/generated/defaults.js';
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
    ...JOB_DEFAULTS,
    dataset: 'mnist',
    ...top,
    model: { ...JOB_DEFAULTS.model, ...model },
    method: {
      ...JOB_DEFAULTS.method,
      ...method,
      auxiliary: { ...JOB_DEFAULTS.method.auxiliary, ...method?.auxiliary },
      heads: { ...JOB_DEFAULTS.method.heads, ...method?.heads },
      sparsity: { ...JOB_DEFAULTS.method.sparsity, ...method?.sparsity },
      stored: { ...JOB_DEFAULTS.method.stored, ...method?.stored },
      stream: { ...JOB_DEFAULTS.method.stream, ...method?.stream },
      corrections: { ...JOB_DEFAULTS.method.corrections, ...method?.corrections },
    },
    optimizer: {
      ...JOB_DEFAULTS.optimizer,
      ...optimizer,
      schedule: { ...JOB_DEFAULTS.optimizer.schedule, ...optimizer?.schedule },
    },
    augmentation: {
      ...JOB_DEFAULTS.augmentation,
      ...augmentation,
      policy: { ...JOB_DEFAULTS.augmentation.policy, ...augmentation?.policy },
    },
    export_options: { ...JOB_DEFAULTS.export_options, ...export_options },
  } as JobSpec;
}

export function resolved(changes: SpecChanges = {}): ResolvedSpec {
  return resolveSpec(jobSpec(changes), MNIST, 7);
}

/** Two stages, four parallel rounds, one evaluation and one end-to-end round of two replicas: 13 tasks. */
export function smallJob(changes: SpecChanges = {}): JobSpec {
  // By default so short a phase has one replica.
  const method = changes.method ?? { end_to_end_replicas: 2 };
  return jobSpec({ max_train_samples: 256, batch_size: 32, epochs: 2, ...changes, method });
}
