import { makeZip } from './zip.js';

/** An idx file of unsigned bytes. */
export function makeIdx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt16BE(0x08_00 | shape.length, 2);
  shape.forEach((side, axis) => {
    header.writeUInt32BE(side, 4 + 4 * axis);
  });
  return Buffer.concat([header, values]);
}

/** A .npy file, version 1. */
export function makeNpy(type: string, shape: readonly number[], values: Uint8Array, fortran = false): Buffer {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const order = fortran ? 'True' : 'False';
  const text = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${sides}), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY\x01\x00', 'latin1');
  start.writeUInt16LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded, 'latin1'), values]);
}

export function makeNpz(arrays: Readonly<Record<string, Buffer>>): Buffer {
  return makeZip(
    Object.entries(arrays).map(([name, bytes]) => ({ name: `${name}.npy`, bytes, deflate: true })),
  );
}

/** `count` different images of the given number of bytes. */
export function rawImages(count: number, bytes: number, seed = 0): Buffer {
  return Buffer.from(
    Array.from({ length: count * bytes }, (_, at) => {
      const image = Math.floor(at / bytes);
      return (at * (3 + 2 * ((image + seed) >> 5)) + (image + seed) * 37) % 251;
    }),
  );
}
