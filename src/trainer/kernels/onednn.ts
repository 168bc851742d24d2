import { type Attribute, arena, type DType, describeRuntime, type Tensor, upload } from '../runtime/index.js';
import { cast } from './cast.js';

/** Label under which oneDNN's kernels are registered. */
export const ONEDNN: Attribute = { name: '_kernel', kind: 'string', value: 'MklNameChangeOp' };

/**
 * Whether this CPU has a kernel that only TensorFlow's graph rewriter uses; nothing but a try says so. Each type of features
 * is tried once: a CPU without AVX-512 has the kernels for float32 and none for bfloat16.
 * @param attempt makes the kernel's outputs from features [1,1,1,1]
 */
export function triedOnce(attempt: (features: Tensor) => readonly Tensor[]): (like: Tensor) => boolean {
  const known = new Map<number, boolean>();
  return ({ dtype }) => {
    const found = known.get(dtype) ?? (describeRuntime().device === 'cpu' && succeeds(attempt, dtype));
    known.set(dtype, found);
    return found;
  };
}

function succeeds(attempt: (features: Tensor) => readonly Tensor[], dtype: number): boolean {
  try {
    // Frees what the attempt made before it failed, too.
    arena(() => void attempt(cast(upload(new Float32Array(1), [1, 1, 1, 1]), dtype as DType)));
    return true;
  } catch {
    return false;
  }
}
