import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { PREDICTION_LIMITS } from '../../src/contract/predictor-protocol.js';
import { readFile } from '../../src/predictor/decode.js';
import { PredictionFailure } from '../../src/predictor/failure.js';

const GRAY = { height: 2, width: 3, channels: 1 };
const RGB = { height: 2, width: 3, channels: 3 };
/** uint8 [2,3,1] */
const PIXELS = Uint8Array.of(0, 50, 100, 150, 200, 250);
const gray = sharp(PIXELS, { raw: { width: 3, height: 2, channels: 1 } });

const decode = (bytes: Uint8Array, shape = GRAY) => readFile(bytes, 0, shape, 'pixels');

describe('an image of the network’s own size', () => {
  test('arrives pixel for pixel from every lossless file, gray or RGB', async () => {
    const files = {
      png: await gray.clone().png().toBuffer(),
      palette: await gray.clone().png({ palette: true }).toBuffer(),
      webp: await gray.clone().webp({ lossless: true }).toBuffer(),
    };
    for (const [name, file] of Object.entries(files)) {
      assert.deepEqual([...(await decode(file))], [...PIXELS], name);
      const triple = [...PIXELS].flatMap((value) => [value, value, value]);
      assert.deepEqual([...(await decode(file, RGB))], triple, name);
    }
  });

  test('loses its transparency on black, and of 16 bits the lower 8', async () => {
    const half = Uint8Array.of(255, 255, 255, 0, 255, 255, 255, 255);
    const raw = { width: 2, height: 1, channels: 4 } as const;
    const file = await sharp(half, { raw }).png().toBuffer();
    assert.deepEqual([...(await decode(file, { height: 1, width: 2, channels: 1 }))], [0, 255]);
    const deep = await gray.clone().toColourspace('grey16').png().toBuffer();
    assert.equal((await sharp(deep).metadata()).depth, 'ushort');
    assert.deepEqual([...(await decode(deep))], [...PIXELS]);
  });
});

test('an image of another size is scaled until it covers the network’s, and cropped in the middle', async () => {
  // Three equal squares, of which the middle one is bright.
  const strip = Uint8Array.from({ length: 90 * 30 }, (_, index) =>
    Math.floor((index % 90) / 30) === 1 ? 250 : 0,
  );
  const file = await sharp(strip, { raw: { width: 90, height: 30, channels: 1 } })
    .png()
    .toBuffer();
  const pixels = await decode(file, { height: 10, width: 10, channels: 1 });
  assert.equal(pixels.length, 100);
  const middle = [...pixels].filter((_, index) => index % 10 > 1 && index % 10 < 8);
  assert.ok(middle.every((value) => value > 240));
});

/** A PNG that claims a size which its few bytes do not have. */
function lyingPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const framed = Buffer.alloc(8 + body.length);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), 4 + body.length);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(width))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** CRC of PNG chunks: ISO 3309. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test('invalid or hostile images are rejected with a reason that reveals nothing else', async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"><image href="file:///etc/passwd"/></svg>';
  const png = await sharp(Buffer.alloc(300 * 300, 7), { raw: { width: 300, height: 300, channels: 1 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['nothing', Buffer.alloc(0), /not a PNG, JPEG or WebP/],
    ['text', Buffer.from('digits'), /not a PNG, JPEG or WebP/],
    ['an SVG that names a file', Buffer.from(svg), /not a PNG, JPEG or WebP/],
    ['an SVG behind an XML header', Buffer.from(`<?xml version="1.0"?>${svg}`), /not a PNG, JPEG or WebP/],
    ['a GIF', await gray.clone().gif().toBuffer(), /not a PNG, JPEG or WebP/],
    ['a TIFF', await gray.clone().tiff().toBuffer(), /not a PNG, JPEG or WebP/],
    ['an AVIF', await sharp(png).avif().toBuffer(), /not a PNG, JPEG or WebP/],
    ['a PDF', Buffer.from('%PDF-1.7\n'), /not a PNG, JPEG or WebP/],
    ['half a PNG', png.subarray(0, png.length / 2), /cannot be decoded/],
    ['half a JPEG', (await sharp(png).jpeg().toBuffer()).subarray(0, 300), /cannot be decoded/],
    ['a PNG of 2^31 - 1 pixels a side', lyingPng(2 ** 31 - 1, 2 ** 31 - 1), /cannot be decoded|more than/],
    ['a PNG of 60,000 pixels a side', lyingPng(60_000, 60_000), /more than 25000000 pixels/],
    ['a PNG with a line of a thousand', lyingPng(4_000, 4_000), /cannot be decoded/],
    ['a PNG without size', lyingPng(0, 0), /cannot be decoded|not a PNG/],
  ];
  for (const [what, bytes, why] of cases) {
    await assert.rejects(
      readFile(bytes, 4, GRAY, 'pixels'),
      (error: unknown) => {
        assert.ok(error instanceof PredictionFailure, `${what}: ${error}`);
        assert.deepEqual([error.code, error.index], ['unreadable_image', 4], what);
        assert.match(error.message, why, what);
        assert.doesNotMatch(error.message, /vips|Vips|\/|passwd/, what);
        return true;
      },
      what,
    );
  }
});

test('an image with the maximum number of pixels is decoded in bounded memory', async () => {
  const side = Math.floor(Math.sqrt(PREDICTION_LIMITS.pixels));
  const background = { r: 9, g: 9, b: 9 };
  const file = await sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toBuffer();
  // A bomb of a kind: a thousand times as large once it is decoded.
  assert.ok(side * side * 3 > 500 * file.length, `${file.length} bytes`);
  const pixels = await decode(file, RGB);
  assert.deepEqual([...pixels], new Array(18).fill(9));
});
