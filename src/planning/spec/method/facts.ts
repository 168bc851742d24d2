import type { JobSpec, ResolvedSpec } from '../../../contract/spec.js';
import type { NetworkDescription } from '../../../network/description.js';

/** A job whose model and optimizer are resolved: the fields of its method depend on both. */
export type MethodSpec = JobSpec & Pick<ResolvedSpec, 'model' | 'optimizer'>;

/** Facts for resolving the fields of a method, after the number of stages and the split are known. */
export interface MethodFacts {
  readonly network: NetworkDescription;
  readonly stages: number;
  /** Residual blocks of each stage. */
  readonly split: readonly number[];
  /** Optimizer steps of the whole run, and of one pass over the training images. */
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Training images of this job. */
  readonly samples: number;
}
