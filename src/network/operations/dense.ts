import type { DenseLayer } from '../layers.js';
import { type Operation, zero } from './operation.js';

export const dense: Operation<DenseLayer> = {
  parameters: ({ name, inputs, outputs }) => [
    {
      name: `${name}/kernel`,
      shape: [inputs, outputs],
      initializer: { kind: 'normal', standardDeviation: Math.sqrt(1 / inputs) },
    },
    { name: `${name}/bias`, shape: [outputs], initializer: { kind: 'constant', value: 0 } },
  ],
  multiplyAdds: ({ inputs, outputs }) => inputs * outputs,
  activations: zero,
};
