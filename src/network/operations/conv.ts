import type { ConvLayer } from '../layers.js';
import { type Initializer, type Operation, valuesOf } from './operation.js';

export const conv: Operation<ConvLayer> = {
  parameters: ({ name, size, input, output, frozen }) => [
    {
      name: `${name}/kernel`,
      shape: [size, size, input.channels, output.channels],
      initializer: heNormal(size * size * input.channels),
      ...(frozen && { fixed: 'weight' }),
    },
  ],
  multiplyAdds: ({ size, input, output }) => size * size * input.channels * valuesOf(output),
  activations: ({ output }) => valuesOf(output),
};

/** He et al., arXiv:1502.01852, equation 10: keeps the variance of a rectified signal. */
function heNormal(fanIn: number): Initializer {
  return { kind: 'normal', standardDeviation: Math.sqrt(2 / fanIn) };
}
