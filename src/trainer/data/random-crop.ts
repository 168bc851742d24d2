import type { RandomResizedCrop } from '../../contract/spec.js';
import type { ImageSize, Rectangle } from '../../images/decode.js';
import type { RandomStream } from '../random.js';

const TRIES = 10;

/**
 * Draws the part of an image for a random resized crop (Szegedy et al., arXiv:1409.4842, section 6): a share of the
 * area within `scale`, and a log-uniform aspect ratio within `ratio`. If ten draws do not fit into the image, it
 * uses the largest centered part that the ratios allow.
 */
export function drawCrop(
  { scale, ratio }: RandomResizedCrop,
  image: ImageSize,
  random: RandomStream,
): Rectangle {
  const within = ([low, high]: readonly [number, number]) => low + (high - low) * random();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = within(scale) * image.width * image.height;
    const aspect = Math.exp(within([Math.log(ratio[0]), Math.log(ratio[1])]));
    const width = Math.round(Math.sqrt(area * aspect));
    const height = Math.round(Math.sqrt(area / aspect));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    const top = Math.floor(random() * (image.height - height + 1));
    const left = Math.floor(random() * (image.width - width + 1));
    return { left, top, width, height };
  }
  return centreCrop(ratio, image);
}

function centreCrop([min, max]: RandomResizedCrop['ratio'], { width, height }: ImageSize): Rectangle {
  const size = {
    width: width / height > max ? Math.max(1, Math.round(height * max)) : width,
    height: width / height < min ? Math.max(1, Math.round(width / min)) : height,
  };
  return {
    ...size,
    left: Math.floor((width - size.width) / 2),
    top: Math.floor((height - size.height) / 2),
  };
}
