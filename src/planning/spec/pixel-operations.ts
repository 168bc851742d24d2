import type { ImageShape, JobSpec, ResolvedPolicy } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/** torchvision's defaults for RandAugment. */
const RAND_AUGMENT = { count: 2, magnitude: 9 };

/** Fills in what a policy left open, and refuses fields that it does not have. */
export function resolvePolicy(
  { type, count, magnitude }: JobSpec['augmentation']['policy'],
  report: Problems,
): ResolvedPolicy {
  if (type === 'rand-augment') {
    return {
      type,
      count: count ?? RAND_AUGMENT.count,
      magnitude: magnitude ?? RAND_AUGMENT.magnitude,
    };
  }
  for (const [field, value] of Object.entries({ count, magnitude }))
    if (value !== null) report(`/augmentation/policy/${field}`, `is for rand-augment; use null with ${type}`);
  return { type, count: null, magnitude: null };
}

/** A change of colors must change something. */
export function checkColors(
  { color_jitter: jitter }: JobSpec['augmentation'],
  { channels }: Pick<ImageShape, 'channels'>,
  report: Problems,
): void {
  if (jitter === null) return;
  if (Object.values(jitter).every((amount) => amount === 0))
    report('/augmentation/color_jitter', 'changes nothing; use null, or an amount above 0');
  if (channels > 1) return;
  for (const field of ['saturation', 'hue'] as const)
    if (jitter[field] > 0) report(`/augmentation/color_jitter/${field}`, 'gray images have none; use 0');
}
