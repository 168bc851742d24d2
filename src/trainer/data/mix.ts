import type { ResolvedAugmentation } from '../../contract/spec.js';
import type { Shape } from '../../network/index.js';
import { beta, permutation, type RandomStream, randomStream } from '../random.js';
import { clipped, type Rectangle } from './rectangle.js';

/** The mix of the images of a batch, and of their labels. */
export interface Mix {
  /** Position in the batch of the image that each one is mixed with. */
  readonly partners: Uint32Array;
  /** The image's own share of its label, 0..1; the rest is its partner's. */
  readonly share: number;
  /** The part of an image that its partner replaces; null where the pixels are averaged. */
  readonly box: Rectangle | null;
}

/** `mix_switch` is absent from jobs of earlier versions. */
type Mixing = Pick<ResolvedAugmentation, 'mixup' | 'cutmix'> &
  Partial<Pick<ResolvedAugmentation, 'mix_switch'>>;

interface MixedRun {
  readonly seed: number;
  readonly batchSize: number;
  readonly samples: number;
  readonly epochs?: number;
  readonly augmentation: ResolvedAugmentation;
}

/** The mix of the batch of optimizer step `step` of a run; null if it mixes none, or none in its last epochs. */
export function mixOfStep(
  { augmentation, batchSize, samples, seed, epochs = Number.POSITIVE_INFINITY }: MixedRun,
  image: Pick<Shape, 'height' | 'width'>,
  step: number,
): Mix | null {
  const epoch = Math.floor(step / Math.floor(samples / batchSize));
  // Jobs of earlier versions mix to their end.
  const { mix_off_epochs: off = 0 } = augmentation;
  return epoch < epochs - off ? drawMix(augmentation, image, batchSize, { seed, step }) : null;
}

/**
 * The mix of the batch of `step`: a pure function of its arguments, so that every stage and replica sees the bitwise same
 * images and labels. Null if the job mixes none.
 */
export function drawMix(
  { mixup, cutmix, mix_switch: share = 0.5 }: Mixing,
  image: Pick<Shape, 'height' | 'width'>,
  batchSize: number,
  at: { readonly seed: number; readonly step: number },
): Mix | null {
  if (!(mixup > 0 || cutmix > 0)) return null;
  const random = randomStream(at.seed, 'mix', at.step);
  const partners = permutation(batchSize, random);
  const cuts = cutmix > 0 && (!(mixup > 0) || random() < share);
  if (!cuts) return { partners, share: beta(mixup, random), box: null };
  const box = drawBox(beta(cutmix, random), image, random);
  // The box counts as the edges of the image cut it off, not as it was drawn.
  return { partners, share: 1 - (box.height * box.width) / (image.height * image.width), box };
}

/**
 * A box of the image's proportions, with 1 - share of its area, around a random pixel (Yun et al., arXiv:1905.04899,
 * section 3.1).
 */
function drawBox(share: number, image: Pick<Shape, 'height' | 'width'>, random: RandomStream): Rectangle {
  const side = Math.sqrt(1 - share);
  const height = Math.floor(image.height * side);
  const width = Math.floor(image.width * side);
  const top = Math.floor(random() * image.height) - Math.floor(height / 2);
  const left = Math.floor(random() * image.width) - Math.floor(width / 2);
  return clipped({ top, left, height, width }, image);
}

/**
 * Mixes the images of a batch [B,H,W,C] where they lie, in float64, rounded once. mixup: share x + (1 - share) x_partner
 * (Zhang et al., arXiv:1710.09412).
 * @param originals scratch memory of the same size
 */
export function mixImages(images: Float32Array, shape: Shape, mix: Mix, originals: Float32Array): void {
  const size = shape.height * shape.width * shape.channels;
  originals.set(images);
  mix.partners.forEach((partner, position) => {
    const own = images.subarray(position * size, (position + 1) * size);
    const other = originals.subarray(partner * size, (partner + 1) * size);
    if (mix.box) paste(own, other, shape, mix.box);
    else {
      const { share } = mix;
      for (let place = 0; place < size; place++)
        own[place] = share * own[place]! + (1 - share) * other[place]!;
    }
  });
}

function paste(
  own: Float32Array,
  other: Float32Array,
  shape: Shape,
  { top, left, height, width }: Rectangle,
): void {
  for (let row = top; row < top + height; row++) {
    const start = (row * shape.width + left) * shape.channels;
    own.set(other.subarray(start, start + width * shape.channels), start);
  }
}
