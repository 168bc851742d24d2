import type { JobSpec } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/** @returns the number of frozen blocks; null where there is no such network */
export function checkFreeze(
  { freeze, init_from: start, epochs }: Pick<JobSpec, 'freeze' | 'init_from' | 'epochs'>,
  blocks: number,
  report: Problems,
): number | null {
  checkStatistics({ freeze, init_from: start }, report);
  if (!freeze) return 0;
  if (start === null) {
    report(
      '/freeze',
      'would keep blocks at random weights; set init_from, whose weights they keep, or leave freeze out',
    );
  }
  if (start?.refine)
    report(
      '/freeze',
      'a refined network trains all its blocks; leave freeze out, or set init_from.refine to false',
    );
  if (freeze.until_epoch !== null && freeze.until_epoch >= epochs) {
    const remedy = epochs > 1 ? `use at most ${epochs - 1}, or null` : 'use null';
    report(
      '/freeze/until_epoch',
      `the job has ${epochs} epochs, so these blocks would never train; ${remedy}`,
    );
  }
  if (freeze.blocks <= blocks) return freeze.blocks;
  report('/freeze/blocks', `the network has ${blocks} residual blocks; use at most ${blocks}`);
  return null;
}

/** Only frozen batch norms read statistics: all others normalize by the batch, and are estimated at the end. */
function checkStatistics(
  { freeze, init_from: start }: Pick<JobSpec, 'freeze' | 'init_from'>,
  report: Problems,
): void {
  const isChosen = start?.statistics === 'keep' || start?.statistics === 'estimate';
  if (!isChosen || freeze?.norm === 'frozen') return;
  const remedy = freeze ? 'freeze.norm frozen' : 'freeze';
  report(
    '/init_from/statistics',
    `${start?.statistics} is for frozen batch norms, which this job does not have; use auto, or set ${remedy}`,
  );
}
