import { type Attribute, describeRuntime, free, type Tensor } from '../runtime/index.js';

/** The label that oneDNN's kernels are registered under. */
export const ONEDNN: Attribute = { name: '_kernel', kind: 'string', value: 'MklNameChangeOp' };

/**
 * Whether TensorFlow has a kernel that only its graph rewriter uses, on x86 CPUs; nothing but a try says so. It is tried once.
 * @param attempt makes the kernel's outputs from inputs as small as can be, and frees those
 */
export function triedOnce(attempt: () => readonly Tensor[]): () => boolean {
  let known: boolean | undefined;
  return () => {
    known ??= describeRuntime().device === 'cpu' && succeeds(attempt);
    return known;
  };
}

function succeeds(attempt: () => readonly Tensor[]): boolean {
  try {
    free(...attempt());
    return true;
  } catch {
    return false;
  }
}
