import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { resolved, type SpecChanges } from '../../jobs/support/specs.js';

export type { SpecChanges };

/** A resolved job on MNIST: the contract's defaults, but small and without exports unless changed. */
export function mnistSpec({ model, ...rest }: SpecChanges = {}): ResolvedSpec {
  return resolved({
    max_train_samples: 512,
    epochs: 1,
    batch_size: 32,
    seed: 1,
    exports: [],
    ...rest,
    model: { depth: 8, width: 4, ...model },
  });
}
