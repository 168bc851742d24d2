import { DType, execute, executeOne, free, scalar, type Tensor, upload } from '../runtime/index.js';
import { FLOAT } from './elementwise.js';

/**
 * Softmax cross-entropy with sparse labels, in one kernel.
 * logits [B,classes], labels int32 [B] -> losses [B] and d sum(losses) / d logits [B,classes].
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): { losses: Tensor; gradient: Tensor } {
  const [losses, gradient] = execute(
    'SparseSoftmaxCrossEntropyWithLogits',
    [logits, labels],
    [FLOAT, { name: 'Tlabels', kind: 'type', value: DType.int32 }],
    2,
  );
  return { losses: losses!, gradient: gradient! };
}

/**
 * The same for the targets (1 - smoothing) onehot(label) + smoothing / classes (Szegedy et al., arXiv:1512.00567,
 * section 7). They are dense, which needs one kernel more.
 */
export function smoothedCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  smoothing: number,
): { losses: Tensor; gradient: Tensor } {
  const classes = logits.shape[1]!;
  const other = smoothing / classes;
  const targets = spreadLabels(labels, classes, 1 - smoothing + other, other);
  const made = softmaxCrossEntropyWith(logits, targets);
  free(targets);
  return made;
}

/** The same for targets [B,classes], whose rows have the sum 1. */
export function softmaxCrossEntropyWith(
  logits: Tensor,
  targets: Tensor,
): { losses: Tensor; gradient: Tensor } {
  const [losses, gradient] = execute('SoftmaxCrossEntropyWithLogits', [logits, targets], [FLOAT], 2);
  return { losses: losses!, gradient: gradient! };
}

/** labels int32 [B] -> [B,classes], `on` at each label and `off` elsewhere. */
function spreadLabels(labels: Tensor, classes: number, on: number, off: number): Tensor {
  const inputs = [labels, upload(Int32Array.of(classes), []), scalar(on), scalar(off)];
  const targets = executeOne('OneHot', inputs, [
    FLOAT,
    { name: 'TI', kind: 'type', value: DType.int32 },
    { name: 'axis', kind: 'int', value: -1 },
  ]);
  free(...inputs.slice(1));
  return targets;
}
