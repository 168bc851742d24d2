import type { DatasetStorage, ImageShape } from '../contract/spec.js';
import { CENTRE_SHARE, type ImageSize } from './decode.js';

/** Resize and crop by which evaluation turned photographs of any size into the input of a network. */
export interface Preparation {
  /** `cover`: without distortion, until the image just covers this size. */
  readonly resize: ImageSize & {
    readonly fit: 'cover';
    readonly interpolation: 'bilinear';
    readonly antialias: true;
  };
  readonly center_crop: ImageSize;
}

/** The preparation that `decodeCentre` makes. Null for a dataset whose images are stored in the input's size. */
export function preparationOf(storage: DatasetStorage, { height, width }: ImageShape): Preparation | null {
  if (storage !== 'encoded') return null;
  const covered = (side: number) => Math.round(side / CENTRE_SHARE);
  return {
    resize: {
      ...{ height: covered(height), width: covered(width) },
      ...({ fit: 'cover', interpolation: 'bilinear', antialias: true } as const),
    },
    center_crop: { height, width },
  };
}

/** The way from a picture to the input of a network. Every export has it, and `prepare` of the clients follows it. */
export interface ModelInput extends ImageShape {
  readonly layout: 'NHWC';
  /** Channels of the pixels: `RGB` in this order, or `gray`. */
  readonly colors: 'RGB' | 'gray';
  readonly range: readonly [0, 255];
  /** `outside`: the reader of the file subtracts `mean` and divides by `standard_deviation`. */
  readonly normalization: 'inside' | 'outside';
  /**
   * The picture is resized without distortion until it just covers the size divided by this share; the size in its center is
   * the input.
   */
  readonly crop_share: number;
  readonly interpolation: 'bilinear';
  readonly antialias: true;
  /** An embedded profile is converted. */
  readonly color_profile: 'sRGB';
  /** Transparent pixels lie on this color. */
  readonly alpha: 'black';
  /** An orientation in the metadata: pixels are taken as they are stored. */
  readonly orientation: 'ignored';
}

/** The input of a network as `decodeCentre` makes it. @param preparation null for images stored in the input's size */
export function modelInputOf(
  image: ImageShape,
  preparation: Preparation | null,
  normalization: ModelInput['normalization'],
): ModelInput {
  return {
    height: image.height,
    width: image.width,
    channels: image.channels,
    layout: 'NHWC',
    colors: image.channels === 1 ? 'gray' : 'RGB',
    range: [0, 255],
    normalization,
    crop_share: preparation ? CENTRE_SHARE : 1,
    interpolation: 'bilinear',
    antialias: true,
    color_profile: 'sRGB',
    alpha: 'black',
    orientation: 'ignored',
  };
}
