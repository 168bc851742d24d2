import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../method/rounds.js';
import type { Problems } from './problems.js';

/** `finish` ends rounds, so there must be some that it can end. */
export function checkDeviceSeconds(
  spec: JobSpec & Pick<ResolvedSpec, 'method'>,
  dataset: DatasetFacts,
  report: Problems,
): void {
  if (spec.max_device_seconds?.then !== 'finish') return;
  const { parallelRounds } = roundsOf(spec, dataset);
  if (parallelRounds > 1) return;
  report(
    '/max_device_seconds/then',
    `ends the layer-parallel phase between rounds, and it has ${parallelRounds}; use a smaller method.round_steps or end_to_end_share, or \`pause\` or \`fail\``,
  );
}
