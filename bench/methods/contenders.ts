import type { ResolvedSpec } from '../../src/contract/spec.js';
import { resolved, type SpecChanges } from '../../test/jobs/support/specs.js';

type Method = NonNullable<SpecChanges['method']>;

/** A setting in which the control has something to lose: few steps, small stages, most of the network frozen. */
export const SETTING = { depth: 8, width: 4, stages: 3, samples: 2048, batch: 32, epochs: 2 } as const;

/** The methods compared; `backprop` trains the same network in one stage. */
export const CONTENDERS: Readonly<Record<string, Method>> = {
  frozen: { type: 'frozen' },
  penalty: { type: 'penalty' },
  'augmented-lagrangian': { type: 'augmented-lagrangian' },
  'stored, penalty': { type: 'stored', stored: { coupling: 'penalty' } },
  'stored, augmented-lagrangian': { type: 'stored', stored: { coupling: 'augmented-lagrangian' } },
  'local-heads': { type: 'local-heads' },
  'local-heads, decoder': { type: 'local-heads', heads: { decoder: true } },
  'rounds, n = 2': { type: 'rounds', message_rounds: 2 },
  'rounds, exact': { type: 'rounds' },
  backprop: { type: 'backprop', stages: 1 },
};

export function specOf(method: Method, seed: number): ResolvedSpec {
  const { depth, width, stages, samples, batch, epochs } = SETTING;
  return resolved({
    seed,
    epochs,
    batch_size: batch,
    max_train_samples: samples,
    exports: [],
    model: { family: 'resnet', depth, width },
    method: { stages, ...method },
  });
}
