import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { encodeSafetensorsHeader, readHeaderOf } from '../../contract/safetensors.js';
import { TrainerError } from '../errors.js';
import { type ReadableValues, readValues, type Values } from '../optimizer/index.js';
import { areMany, freeUploaded } from '../runtime/index.js';
import { bytesOf, corrupt, float32Place, type TensorOf } from './safetensors.js';

/**
 * Writes what `encodeSafetensors` makes to a file. Arrays that are elsewhere are read one after another, and memory holds few of
 * them at a time.
 * @returns the sha256 of the file
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly (readonly [string, TensorOf<Values>])[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  const places = tensors.map(([name, { shape, values }]) => {
    const byteLength = values.length * Float32Array.BYTES_PER_ELEMENT;
    return [name, { dtype: 'F32', shape, byteLength }] as const;
  });
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  // Small arrays are written together, since each writing takes its time.
  let waiting = [encodeSafetensorsHeader(places, metadata)];
  let waitingValues = 0;
  const write = async () => {
    for (const bytes of waiting) hash.update(bytes);
    await writeAll(file, waiting);
    waiting = [];
    freeUploaded(waitingValues);
    waitingValues = 0;
  };
  try {
    for (const [, { values }] of tensors) {
      waiting.push(bytesOf(readValues(values)));
      waitingValues += values.length;
      if (areMany(waitingValues)) await write();
    }
    await write();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** @throws Error where the disk is full */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const { bytesWritten } = await file.writev([...pieces]);
  if (bytesWritten < bytes) throw new Error(`${bytesWritten} of ${bytes} bytes could be written`);
}

/**
 * The tensors of a file that nobody changes, whose arrays are read when they are asked for. @throws
 * TrainerError blob_corrupt if it is not a complete float32 safetensors file
 */
export async function openSafetensors(path: string): Promise<{
  tensors: Map<string, TensorOf<ReadableValues>>;
  metadata: Readonly<Record<string, string>>;
}> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { tensors, metadata } = await readHeaderOf(
      async (offset, length) => (await file.read(new Uint8Array(length), 0, length, offset)).buffer,
      size,
    );
    const opened = [...tensors].map(([name, place]) => {
      const { shape, begin, end } = float32Place(name, place);
      const length = (end - begin) / Float32Array.BYTES_PER_ELEMENT;
      return [
        name,
        {
          shape,
          values: {
            length,
            read: (into?: Float32Array) => readAt(path, begin, into ?? new Float32Array(length)),
          },
        },
      ] as const;
    });
    return { tensors: new Map(opened), metadata };
  } catch (error) {
    throw corrupt(error);
  } finally {
    await file.close();
  }
}

function readAt(path: string, begin: number, values: Float32Array): Float32Array {
  const bytes = bytesOf(values);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, bytes, 0, bytes.byteLength, begin) < bytes.byteLength)
      throw new TrainerError('blob_corrupt', 'a checkpoint is cut short');
  } finally {
    closeSync(file);
  }
  return values;
}
