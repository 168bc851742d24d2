import type { Shape } from '../../../network/index.js';

/** Changes the pixels of one image where they lie: [height, width, channels], 0..255, of one or three channels. */
export type Operation = (pixels: Uint8Array, shape: Shape) => void;
