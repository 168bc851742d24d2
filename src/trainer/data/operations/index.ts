import type { ResolvedAugmentation } from '../../../contract/spec.js';
import type { Shape } from '../../../network/index.js';
import type { RandomStream } from '../../random.js';
import { drawJitter } from './jitter.js';
import type { Operation } from './operation.js';
import { drawPolicy } from './policies.js';
import { flipVertically, rotate } from './warps.js';

export type { Operation } from './operation.js';

/**
 * The operations on the pixels of one image, in order: `color_jitter`, `policy`, `rotation`, `vertical_flip`.
 * @param stream a random stream for each kind, so that a job with one more of them draws the others alike
 */
export function drawOperations(
  augmentation: ResolvedAugmentation,
  image: Pick<Shape, 'height' | 'width'>,
  stream: (kind: string) => RandomStream,
): readonly Operation[] {
  // Jobs of earlier versions have none of them.
  const { color_jitter: jitter = null, policy, rotation = 0, vertical_flip: flips = false } = augmentation;
  return [
    ...(jitter ? drawJitter(jitter, stream('jitter')) : []),
    ...(policy && policy.type !== 'none' ? drawPolicy(policy, image, stream('policy')) : []),
    ...(rotation > 0 ? [rotate(rotation * (2 * stream('rotation')() - 1))] : []),
    ...(flips && stream('vertical-flip')() < 0.5 ? [flipVertically] : []),
  ];
}
