import type { ModelSize } from '../../src/network/index.js';

/** A network under the name that bench/step/torch_networks.py has it by. */
export interface Network {
  readonly name: string;
  readonly model: ModelSize;
  readonly batch: number;
  /** Side length of the square images. */
  readonly side: number;
  /** The part that takes most memory. */
  readonly fills: string;
  /** The `method.split` that needs the least memory: `memory` balances features, and weights are balanced by hand. */
  readonly frugal: 'memory' | readonly number[];
}

export const NETWORKS: readonly Network[] = [
  {
    name: 'wrn-16-4',
    model: { family: 'wide-resnet', depth: 16, width: 4 },
    ...{ batch: 64, side: 32, fills: 'features', frugal: 'memory' },
  },
  {
    name: 'wrn-16-10',
    model: { family: 'wide-resnet', depth: 16, width: 10 },
    ...{ batch: 16, side: 16, fills: 'weights', frugal: [5, 1] },
  },
];
