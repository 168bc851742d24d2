import type { JobSpec } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/** @param samples training images of the job @returns whether one batch can be filled */
export function checkBatchSize(
  { batch_size: batchSize }: Pick<JobSpec, 'batch_size'>,
  samples: number,
  report: Problems,
): boolean {
  if (batchSize <= samples) return true;
  report(
    '/batch_size',
    `must be at most ${samples}, the number of training images of this job; otherwise no batch is full`,
  );
  return false;
}
