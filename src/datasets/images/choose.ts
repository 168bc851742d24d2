import type { DatasetStorage, ImageShape } from '../../contract/spec.js';
import type { Samples } from '../arrays/samples.js';

/** The usual training size of networks for photographs. */
const USUAL_SIDE = 224;

/**
 * The image shape for the network: the requested one, otherwise the common shape of the images, or a usual one for
 * images of different sizes.
 */
export function chooseImage(
  samples: Samples,
  storage: DatasetStorage,
  { height, width, channels }: Partial<ImageShape>,
): ImageShape {
  const stored = samples.isGray && channels === undefined ? 1 : samples.channels;
  if (storage === 'pixels') return { ...samples.sizeOf(0), channels: stored };
  const asked = height !== undefined && width !== undefined;
  return { ...(asked ? { height, width } : usualSize(samples)), channels: stored };
}

/** The common size of all images, or a square that most images cover. */
function usualSize(samples: Samples): { height: number; width: number } {
  const first = samples.sizeOf(0);
  const shorter = new Uint16Array(samples.count);
  let same = true;
  for (let index = 0; index < samples.count; index++) {
    const { height, width } = samples.sizeOf(index);
    shorter[index] = Math.min(height, width);
    same &&= height === first.height && width === first.width;
  }
  if (same && Math.max(first.height, first.width) <= USUAL_SIDE) return first;
  const side = Math.min(USUAL_SIDE, shorter.sort()[samples.count >> 1]!);
  return { height: side, width: side };
}
