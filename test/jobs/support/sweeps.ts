import { loadContract } from '../../../src/api/openapi.js';
import { jobChecker } from '../../../src/api/plugins/job-checker.js';
import type { SweepSpec } from '../../../src/planning/sweeps/types.js';
import { smallJob } from './specs.js';

/** The check of the API. */
export const checkJob = jobChecker(loadContract());

type SweepChanges = Partial<Omit<SweepSpec, 'limits'>> & { readonly limits?: Partial<SweepSpec['limits']> };

/** Four learning rates of a small job. */
export function smallSweep(changes: SweepChanges = {}): SweepSpec {
  return {
    name: 'rates',
    metadata: {},
    job: { ...smallJob(), validation_share: 0.1 },
    space: { '/optimizer/learning_rate': { min: 0.001, max: 0.1, scale: 'log' } },
    search: { type: 'halton', seed: 1 },
    objective: { metric: 'validation_accuracy', goal: null },
    repeats: 1,
    stopping: { type: 'none', divisor: 4, min_epochs: 1, max_rungs: 5, mode: 'promote' },
    keep: { models: null },
    refit: null,
    ...changes,
    limits: {
      ...{ trials: 4, parallel_trials: 2, device_seconds: null, failed_trials: 3, target: null },
      ...changes.limits,
    },
  };
}
