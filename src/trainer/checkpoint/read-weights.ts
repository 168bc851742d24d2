import { type FileHandle, open } from 'node:fs/promises';
import { InvalidSafetensorsError, readHeaderOf } from '../../contract/safetensors.js';
import { TrainerError } from '../errors.js';
import type { NamedValues } from '../optimizer/index.js';
import { STATISTICS, WEIGHTS } from './state-file.js';

/**
 * The weights and statistics of a state file (state-file.ts) that have one of these names. The others are not read.
 * @throws TrainerError blob_corrupt
 */
export async function readWeightsOf(path: string, names: ReadonlySet<string>): Promise<NamedValues> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { tensors } = await readHeaderOf((offset, length) => read(file, offset, length), size);
    const found = new Map<string, Float32Array>();
    for (const [stored, { begin, end }] of tensors) {
      const name = nameOf(stored);
      if (name === null || !names.has(name)) continue;
      found.set(name, new Float32Array((await read(file, begin, end - begin)).buffer));
    }
    return found;
  } catch (error) {
    if (!(error instanceof InvalidSafetensorsError)) throw error;
    throw new TrainerError('blob_corrupt', `a checkpoint ${error.message}`);
  } finally {
    await file.close();
  }
}

/** Statistics of batch norms are among the weights of a job that keeps them; imported files have them apart. */
function nameOf(stored: string): string | null {
  const prefix = [WEIGHTS, STATISTICS].find((each) => stored.startsWith(each));
  return prefix === undefined ? null : stored.slice(prefix.length);
}

async function read(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  if (bytesRead < length) throw new InvalidSafetensorsError('is cut short');
  return bytes;
}
