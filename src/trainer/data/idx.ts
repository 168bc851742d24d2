import { TrainerError } from '../errors.js';

const UNSIGNED_BYTE = 0x08;

export interface IdxArray {
  readonly dimensions: readonly number[];
  readonly values: Uint8Array;
}

/**
 * Decodes the idx format of the MNIST files (yann.lecun.com/exdb/mnist), for unsigned bytes only. @throws
 * TrainerError dataset_unreadable if header and length disagree
 */
export function decodeIdx(bytes: Uint8Array, source: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readable = bytes.length >= 4 && view.getUint16(0) === 0 && view.getUint8(2) === UNSIGNED_BYTE;
  const rank = readable ? view.getUint8(3) : 0;
  const header = 4 + 4 * rank;
  if (!readable || bytes.length < header) {
    throw new TrainerError('dataset_unreadable', `${source} is not an idx file of unsigned bytes`);
  }
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = dimensions.reduce((product, side) => product * side, 1);
  if (bytes.length !== header + size) {
    throw new TrainerError(
      'dataset_unreadable',
      `${source} declares ${dimensions.join('x')}, but contains ${bytes.length - header} bytes; install it again`,
    );
  }
  return { dimensions, values: bytes.subarray(header) };
}
