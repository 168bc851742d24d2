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
    const colours = blendedRow(patches, (row * PATCHES) / DRAWN);
    for (let column = 0; column < DRAWN; column++) {
      const x = (column * PATCHES) / DRAWN;
      const left = 3 * Math.floor(x);
      const u = x - Math.floor(x);
      const stripe = 25 * Math.sin(across * column + down * row + phase) + 16 * (random() - 0.5);
      const at = (row * DRAWN + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const colour = (1 - u) * colours[left + channel]! + u * colours[left + 3 + channel]!;
        pixels[at + channel] = Math.min(255, Math.max(0, colour + stripe));
      }
    }
  }
  return pixels;
}

/** The colours of the patches at height `y`, between those above and below. */
function blendedRow(patches: Float32Array, y: number): Float32Array {
  const values = (PATCHES + 1) * 3;
  const top = Math.floor(y) * values;
  const v = y - Math.floor(y);
  return Float32Array.from(
    { length: values },
    (_, index) => (1 - v) * patches[top + index]! + v * patches[top + values + index]!,
  );
}
