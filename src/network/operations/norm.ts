import type { NormLayer } from '../layers.js';
import { type Operation, type ParameterSpec, valuesOf, zero } from './operation.js';

export const norm: Operation<NormLayer> = {
  parameters: (layer) => [
    vector(layer, 'gamma', layer.startsAtZero ? 0 : 1, layer.frozen ? 'weight' : undefined),
    vector(layer, 'beta', 0, layer.frozen ? 'weight' : undefined),
    ...(layer.keepsStatistics
      ? [vector(layer, 'mean', 0, 'statistic'), vector(layer, 'variance', 1, 'statistic')]
      : []),
  ],
  multiplyAdds: zero,
  activations: ({ relu, output }) => (relu ? valuesOf(output) : 0),
};

function vector(
  { name, output: { channels } }: NormLayer,
  what: 'gamma' | 'beta' | 'mean' | 'variance',
  value: number,
  fixed: ParameterSpec['fixed'],
): ParameterSpec {
  const spec = { name: `${name}/${what}`, shape: [channels] };
  return { ...spec, initializer: { kind: 'constant', value }, ...(fixed && { fixed }) };
}
