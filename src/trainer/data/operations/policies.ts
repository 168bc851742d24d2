import type { ResolvedPolicy } from '../../../contract/spec.js';
import type { Shape } from '../../../network/index.js';
import type { RandomStream } from '../../random.js';
import {
  autoContrast,
  brightness,
  contrast,
  equalize,
  posterize,
  saturation,
  sharpness,
  solarize,
} from './colors.js';
import type { Operation } from './operation.js';
import { rotate, shearX, shearY, translateX, translateY } from './warps.js';

/** Ranges of the operations of a policy, at the highest of the 31 strengths. */
interface Reach {
  readonly shear: number;
  /** Pixels, for a side of this length. */
  readonly translation: (side: number) => number;
  readonly degrees: number;
  /** Distance from 1 of the factor of a change of color. */
  readonly color: number;
  /** Bits of 8 that posterizing takes away. */
  readonly bits: number;
}

const HIGHEST = 30;

/** Müller and Hutter, arXiv:2103.10158, table 1, "wide". */
const WIDE: Reach = { shear: 0.99, translation: () => 32, degrees: 135, color: 0.99, bits: 6 };

/** Cubuk et al., arXiv:1909.13719, as torchvision has it. */
const RAND: Reach = {
  shear: 0.3,
  translation: (side) => (150 / 331) * side,
  degrees: 30,
  color: 0.9,
  bits: 4,
};

interface Draw {
  readonly reach: Reach;
  /** 0..1 */
  readonly strength: number;
  readonly image: Pick<Shape, 'height' | 'width'>;
  /** 1 or -1, at random. */
  readonly sign: () => number;
}

/** The operations of both policies; null leaves an image as it is. Those with a sign draw it. */
const KINDS: readonly ((draw: Draw) => Operation | null)[] = [
  () => null,
  ({ reach, strength, sign }) => shearX(sign() * reach.shear * strength),
  ({ reach, strength, sign }) => shearY(sign() * reach.shear * strength),
  ({ reach, strength, sign, image }) =>
    translateX(sign() * Math.trunc(reach.translation(image.width) * strength)),
  ({ reach, strength, sign, image }) =>
    translateY(sign() * Math.trunc(reach.translation(image.height) * strength)),
  ({ reach, strength, sign }) => rotate(sign() * reach.degrees * strength),
  ({ reach, strength, sign }) => brightness(1 + sign() * reach.color * strength),
  ({ reach, strength, sign }) => saturation(1 + sign() * reach.color * strength),
  ({ reach, strength, sign }) => contrast(1 + sign() * reach.color * strength),
  ({ reach, strength, sign }) => sharpness(1 + sign() * reach.color * strength),
  ({ reach, strength }) => posterize(8 - Math.round(reach.bits * strength)),
  ({ strength }) => solarize(255 * (1 - strength)),
  () => autoContrast,
  () => equalize,
];

/**
 * The operations of a policy on one image, in order. `trivial-augment`: one at a strength drawn from 0..30. `rand-augment`:
 * `count` of them at the strength `magnitude`.
 */
export function drawPolicy(
  policy: Exclude<ResolvedPolicy, { type: 'none' }>,
  image: Pick<Shape, 'height' | 'width'>,
  random: RandomStream,
): Operation[] {
  const below = (end: number) => Math.floor(end * random());
  const sign = () => (random() < 0.5 ? -1 : 1);
  const drawOne = (reach: Reach, magnitudeOf: () => number) => {
    const kind = KINDS[below(KINDS.length)]!;
    return kind({ image, reach, sign, strength: magnitudeOf() / HIGHEST });
  };
  const drawn = () => {
    if (policy.type === 'trivial-augment') return [drawOne(WIDE, () => below(HIGHEST + 1))];
    const { count, magnitude } = policy;
    return Array.from({ length: count }, () => drawOne(RAND, () => magnitude));
  };
  return drawn().filter((operation) => operation !== null);
}
