import sharp from 'sharp';

export interface ImageOptions {
  readonly height?: number;
  readonly width?: number;
  readonly kind?: 'png' | 'jpeg' | 'webp';
  readonly gray?: boolean;
}

/** An image of pixels that `seed` decides: no two seeds make the same. */
export async function makeImage(seed: number, options: ImageOptions = {}): Promise<Buffer> {
  const { height = 16, width = 16, kind = 'png', gray = false } = options;
  const image = sharp(pixelsOf(seed, height, width), { raw: { height, width, channels: 3 } });
  return (gray ? image.grayscale() : image).toFormat(kind).toBuffer();
}

/** uint8 [height, width, 3] */
export function pixelsOf(seed: number, height: number, width: number): Buffer {
  const pixels = Buffer.alloc(height * width * 3);
  for (let index = 0; index < pixels.length; index++) {
    pixels[index] = (index * (31 + 2 * (seed >> 8)) + seed * 57) % 256;
  }
  return pixels;
}

export interface NamedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** An image folder with the given number of different images for each split and class. */
export async function imageFolder(
  splits: readonly string[],
  classes: readonly string[],
  each: number,
  options: ImageOptions = {},
): Promise<NamedFile[]> {
  const extension = options.kind ?? 'png';
  const files: NamedFile[] = [];
  for (const split of splits) {
    for (const className of classes) {
      for (let index = 0; index < each; index++) {
        const name = [split, className, `${index}.${extension}`].filter((part) => part !== '').join('/');
        files.push({ name, bytes: await makeImage(files.length + 1, options) });
      }
    }
  }
  return files;
}
