import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { encodePng } from '../../../src/jobs/client/datasets/png.js';

// The other side is libvips' own reader.
for (const [channels, shown] of [[1, 1] as const, [3, 3] as const, [4, 1] as const]) {
  test(`a PNG of ${channels} channels shows ${shown} of them, pixel for pixel`, async () => {
    const [height, width] = [3, 5];
    const pixels = Uint8Array.from({ length: height * width * channels }, (_, index) => (index * 37) % 256);
    const png = encodePng(pixels, { height, width, channels });
    const { data, info } = await sharp(png)
      .toColourspace(shown === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.height, info.width, info.channels], [height, width, shown]);
    assert.deepEqual(
      [...data],
      [...pixels].filter((_, index) => index % channels < shown),
    );
  });
}
