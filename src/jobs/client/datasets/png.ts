import { crc32, deflateSync } from 'node:zlib';
import type { ImageShape } from '../../../contract/spec.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const GRAY = 0;
const COLOR = 2;

/**
 * Encodes pixels as PNG (ISO/IEC 15948): gray for one channel, in color for three. Of any other number of channels, the
 * first is shown in gray.
 * @param pixels uint8 [height, width, channels]
 */
export function encodePng(pixels: Uint8Array, { height, width, channels }: ImageShape): Buffer {
  const shown = channels === 3 ? 3 : 1;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, shown === 3 ? COLOR : GRAY], 8);
  const rows = Buffer.alloc(height * (1 + width * shown));
  for (let y = 0; y < height; y++) {
    // The first byte of a row names its filter: none.
    const start = y * (1 + width * shown) + 1;
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      rows.set(pixels.subarray(from, from + shown), start + x * shown);
    }
  }
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND')]);
}

function chunk(type: string, data = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
