import { encodeSafetensorsFile } from '../../src/contract/safetensors.js';
import { foreignTensors, type Layout } from '../../src/network/layouts/index.js';
import type { ModelSize } from '../../src/network/resnet.js';

/** As an image of these would have them: no tensor depends on its sides. */
const SIDE = 64;

/**
 * A file as another program would save it, with values that follow from the names alone, so that PyTorch can be given the same:
 * sin(0.37 h + 1.7 i) with h = sum of (j + 1) times the j-th character of the name, modulo 1000.
 */
export function foreignFile(
  layout: Layout,
  model: ModelSize,
  { channels = 3, classes = 3 }: { readonly channels?: number; readonly classes?: number } = {},
): Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }> {
  const image = { height: SIDE, width: SIDE, channels };
  return new Map(
    foreignTensors(layout, model, image, classes).map(({ theirs, shape }) => [
      theirs,
      { shape, values: valuesOf(theirs, shape) },
    ]),
  );
}

function valuesOf(name: string, shape: readonly number[]): Float32Array {
  const hash = [...name].reduce((sum, letter, index) => sum + (index + 1) * letter.charCodeAt(0), 0) % 1000;
  const length = shape.reduce((product, side) => product * side, 1);
  const fan = length / shape[0]!;
  const scaled = (wave: number) => {
    if (name.endsWith('running_var')) return 1 + 0.3 * wave;
    if (shape.length > 1) return wave * Math.sqrt(3 / fan);
    return name.endsWith('weight') ? 1 + 0.2 * wave : 0.2 * wave;
  };
  return Float32Array.from({ length }, (_, index) => scaled(Math.sin(0.37 * hash + 1.7 * index)));
}

/** Its bytes. */
export function safetensorsOf(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>,
): Uint8Array {
  return encodeSafetensorsFile(
    new Map(
      [...tensors].map(([name, { shape, values }]) => [
        name,
        { dtype: 'F32' as const, shape, bytes: new Uint8Array(values.buffer) },
      ]),
    ),
    { format: 'pt' },
  );
}
