import sharp from 'sharp';
import { type RandomStream, randomStream } from '../../src/trainer/random.js';

/** Drawn at half its size: a photograph has little at the finest scale either. */
const SIDE = 256;
const DRAWN = SIDE / 2;
/** Patches of colour a side, blended into each other. */
const PATCHES = 8;
export const CLASSES = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

export interface GeneratedImage {
  /** A 256x256 JPEG of 10 to 20 kB. */
  readonly bytes: Uint8Array;
  readonly label: number;
}

/** Image `index` of a folder that follows from `seed`: blended patches of colour, the stripes of its class, and grain. */
export async function generateImage(seed: number, index: number): Promise<GeneratedImage> {
  const random = randomStream(seed, 'bench', index);
  const label = index % CLASSES.length;
  const raw = { width: DRAWN, height: DRAWN, channels: 3 } as const;
  const bytes = await sharp(draw(label, random), { raw })
    .resize(SIDE, SIDE, { kernel: 'cubic' })
    .jpeg({ quality: 85 })
    .toBuffer();
  return { bytes, label };
}

function draw(label: number, random: RandomStream): Uint8Array {
  const patches = Float32Array.from({ length: (PATCHES + 1) ** 2 * 3 }, () => 40 + 170 * random());
  const angle = (Math.PI * label) / CLASSES.length;
  const [across, down] = [Math.cos(angle) / 4, Math.sin(angle) / 4];
  const phase = 2 * Math.PI * random();
  const pixels = new Uint8Array(DRAWN * DRAWN * 3);
  for (let row = 0; row < DRAWN; row++) {
    for (let column = 0; column < DRAWN; column++) {
      const stripe = 25 * Math.sin(across * column + down * row + phase) + 16 * (random() - 0.5);
      const at = (row * DRAWN + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = clamp(blend(patches, row, column, channel) + stripe);
      }
    }
  }
  return pixels;
}

/** Bilinear between the four patches around. */
function blend(patches: Float32Array, row: number, column: number, channel: number): number {
  const [y, x] = [(row * PATCHES) / DRAWN, (column * PATCHES) / DRAWN];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [v, u] = [y - top, x - left];
  const patch = (i: number, j: number) => patches[((top + i) * (PATCHES + 1) + left + j) * 3 + channel]!;
  return (1 - v) * ((1 - u) * patch(0, 0) + u * patch(0, 1)) + v * ((1 - u) * patch(1, 0) + u * patch(1, 1));
}

const clamp = (value: number): number => Math.min(255, Math.max(0, value));
