import type { SplitReader } from '../../data/index.js';
import { encodeOnnx, type OnnxGraph } from '../onnx-format.js';
import { withOnnxSession } from '../onnx-runtime.js';
import { readPixels } from '../parity.js';

/** The least and the greatest value of an activation. Zero is within, because padding and ReLU need it exactly. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Training images that the ranges are taken from, and how many run at once. */
const IMAGES = 512;
const BATCH = 32;

/**
 * The ranges of activations on up to 512 training images, spread evenly over the split: ONNX Runtime runs the graph in float32
 * with the activations as further outputs.
 * @param names of values of the graph
 */
export async function activationRanges(
  graph: OnnxGraph,
  names: readonly string[],
  train: SplitReader,
): Promise<Map<string, Range>> {
  const outputs = [...graph.outputs, ...names.map((name) => ({ name, shape: null }))];
  const ranges = new Map<string, Range>(names.map((name) => [name, { min: 0, max: 0 }]));
  const count = Math.min(IMAGES, train.count);
  const indices = Array.from({ length: count }, (_, place) => Math.floor((place * train.count) / count));
  await withOnnxSession(encodeOnnx({ ...graph, outputs }, {}), train.manifest.image, async (run) => {
    for (let start = 0; start < count; start += BATCH) {
      const batch = indices.slice(start, start + BATCH);
      const values = await run(await readPixels(train, batch), batch.length);
      for (const [name, range] of ranges) ranges.set(name, widened(range, values[name]!));
    }
  });
  return ranges;
}

function widened(range: Range, values: Float32Array): Range {
  let { min, max } = range;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
