import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { StrataError } from '../../../contract/errors.js';
import { encodeSafetensorsHeader } from '../../../contract/safetensors.js';
import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import { outputsLast, transposed } from '../../../network/kernel-layout.js';
import {
  type ForeignTensor,
  type RecognizedNetwork,
  recognizeNetwork,
  UnknownWeightsError,
} from '../../../network/layouts/index.js';
import type { PaddingRule } from '../../../network/padding.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { type WeightsFile, withWeightsFile } from './read-file.js';

export interface ConvertedWeights {
  readonly network: RecognizedNetwork;
  readonly padding: PaddingRule;
  /** The tensors under our names and in our order of numbers, as the state of a task (trainer/checkpoint). */
  readonly blob: TaskOutput;
}

/**
 * Checks a file tensor by tensor, and writes it as trainers read it, with one tensor in memory at a time.
 * @param key of the file among the spool files
 * @throws StrataError weights_pickled, weights_damaged, weights_unknown
 */
export function convertWeights(path: string, blobs: BlobStore, key: string): Promise<ConvertedWeights> {
  return withWeightsFile(path, async (file) => {
    const network = recognized(file);
    return { network, padding: paddingOf(network, file), blob: await write(file, network, blobs, key) };
  });
}

function recognized({ tensors }: WeightsFile): RecognizedNetwork {
  try {
    return recognizeNetwork(new Map([...tensors].map(([name, { shape }]) => [name, shape])));
  } catch (error) {
    if (!(error instanceof UnknownWeightsError)) throw error;
    throw new StrataError('weights_unknown', error.message);
  }
}

/** Our own files say it where it is not TensorFlow's; all other programs pad as PyTorch does. */
function paddingOf({ layout }: RecognizedNetwork, { metadata }: WeightsFile): PaddingRule {
  return layout.name === 'strata' && metadata.padding !== 'symmetric' ? 'same' : 'symmetric';
}

async function write(
  file: WeightsFile,
  { tensors }: RecognizedNetwork,
  blobs: BlobStore,
  key: string,
): Promise<TaskOutput> {
  const draft = await blobs.createSpool(key);
  try {
    const out = await open(draft.path, 'wx');
    let sha256: string;
    try {
      sha256 = await writeAll(file, tensors, out);
    } finally {
      await out.close();
    }
    return await blobs.adopt(draft.path, sha256);
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** @returns the sha256 */
async function writeAll(
  file: WeightsFile,
  tensors: readonly ForeignTensor[],
  out: FileHandle,
): Promise<string> {
  const hash = createHash('sha256');
  const append = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await out.writeFile(bytes);
  };
  const entries = tensors.map(({ ours, shape, isStatistic }) => {
    const byteLength = 4 * shape.reduce((product, side) => product * side, 1);
    const name = `${isStatistic ? 'statistics' : 'weights'}/${ours}`;
    return [name, { dtype: 'F32', shape: ourShape(shape), byteLength }] as const;
  });
  await append(encodeSafetensorsHeader(entries, {}));
  for (const tensor of tensors) {
    const values = ourValues(tensor, await file.values(tensor.theirs));
    await append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    // The process answers other requests between two tensors.
    await breathe();
  }
  await out.sync();
  return hash.digest('hex');
}

/** Kernels [O,C,h,w] -> [h,w,C,O], dense [outputs,inputs] -> [inputs,outputs]. */
function ourShape(shape: readonly number[]): number[] {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  if (shape.length === 4) return [height, width, inputs, outputs];
  return shape.length === 2 ? [inputs, outputs] : [...shape];
}

function ourValues({ ours, theirs, shape }: ForeignTensor, values: Float32Array): Float32Array {
  if (ours.endsWith('/variance') && values.some((value) => value < 0))
    throw new StrataError('weights_unknown', `${theirs} has a negative variance.`);
  const [outputs = 0, inputs = 0, size = 0] = shape;
  if (shape.length === 4) return outputsLast(values, { size, inputs, outputs });
  return shape.length === 2 ? transposed(values, outputs, inputs) : values;
}
