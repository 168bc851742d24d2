import { DType, execute, type Tensor } from '../runtime/index.js';
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
