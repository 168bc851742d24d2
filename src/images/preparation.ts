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
