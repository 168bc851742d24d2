import type { NormLayer } from '../layers.js';
import { type Operation, valuesOf, zero } from './operation.js';

export const norm: Operation<NormLayer> = {
  parameters: ({ name, output: { channels } }) => [
    { name: `${name}/gamma`, shape: [channels], initializer: { kind: 'constant', value: 1 } },
    { name: `${name}/beta`, shape: [channels], initializer: { kind: 'constant', value: 0 } },
  ],
  multiplyAdds: zero,
  activations: ({ relu, output }) => (relu ? valuesOf(output) : 0),
};
