import { UnpackBudget } from '../../src/datasets/archive/budget.js';
import { openArchive } from '../../src/datasets/archive/open.js';
import { decodeImage, openImage } from '../../src/images/decode.js';
import { makeNpy, makeNpz } from '../../test/datasets/support/arrays.js';

const SIDE = 32;
const CHANNELS = 3;
const MAX_FILE_BYTES = 1 << 20;

interface Split {
  readonly pixels: Uint8Array[];
  readonly labels: string[];
}

/**
 * CIFAR's images.
 * @param path an archive of files train/<class>/... and test/<class>/... of 32 x 32 pixels
 * @param halved at half their size, each pixel the mean of four: a quarter of the work a step
 * @returns an .npz as the service takes it
 */
export async function arraysOf(path: string, halved: boolean): Promise<Buffer> {
  const archive = await openArchive(
    path,
    new UnpackBudget({ max_images: 100_000, max_unpacked_bytes: 2 ** 30 }),
  );
  const splits: Record<string, Split> = {
    train: { pixels: [], labels: [] },
    test: { pixels: [], labels: [] },
  };
  for await (const entry of archive.entries()) {
    const [split = '', label = ''] = entry.name.split('/').slice(-3);
    const own = splits[split];
    if (own === undefined || entry.kind !== 'file') continue;
    const image = await decodeImage(await openImage(await entry.read(MAX_FILE_BYTES)), CHANNELS);
    own.pixels.push(halved ? pooled(image) : image);
    own.labels.push(label);
  }
  const side = halved ? SIDE / 2 : SIDE;
  const classes = [...new Set(splits.train!.labels)].sort();
  const arrays = Object.entries(splits).flatMap(([name, { pixels, labels }]) => [
    [`x_${name}`, makeNpy('|u1', [pixels.length, side, side, CHANNELS], Buffer.concat(pixels))],
    [
      `y_${name}`,
      makeNpy(
        '|u1',
        [labels.length],
        Uint8Array.from(labels, (label) => classes.indexOf(label)),
      ),
    ],
  ]);
  return makeNpz(Object.fromEntries(arrays));
}

/** Means over 2 x 2 pixels, rounded to the nearest, a half up. */
export function pooled(image: Uint8Array): Uint8Array {
  if (image.length !== SIDE * SIDE * CHANNELS) throw new Error('the study wants images of 32 x 32 pixels');
  const [row, side] = [SIDE * CHANNELS, SIDE / 2];
  return Uint8Array.from({ length: side * side * CHANNELS }, (_, index) => {
    const [channel, place] = [index % CHANNELS, Math.floor(index / CHANNELS)];
    const at = 2 * Math.floor(place / side) * row + 2 * (place % side) * CHANNELS + channel;
    return (image[at]! + image[at + CHANNELS]! + image[at + row]! + image[at + row + CHANNELS]! + 2) >> 2;
  });
}
