import { flatten, type Layer } from './layers.js';

/** How a parameter starts: `fan_in` scales a normal distribution, constants start where batch norm is the identity. */
export type Initializer =
  | { readonly kind: 'normal'; readonly standardDeviation: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface ParameterSpec {
  /** Unique in its network, e.g. `block3/conv1/kernel`. Weights and optimiser state are keyed by it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

/** The parameters of `layers`, in order of execution. */
export function parametersOf(layers: readonly Layer[]): ParameterSpec[] {
  return flatten(layers).flatMap(parametersOfLayer);
}

function parametersOfLayer(layer: Layer): ParameterSpec[] {
  switch (layer.op) {
    case 'conv': {
      const fanIn = layer.size * layer.size * layer.input.channels;
      const shape = [layer.size, layer.size, layer.input.channels, layer.output.channels];
      return [{ name: `${layer.name}/kernel`, shape, initializer: heNormal(fanIn) }];
    }
    case 'norm':
      return [
        {
          name: `${layer.name}/gamma`,
          shape: [layer.output.channels],
          initializer: { kind: 'constant', value: 1 },
        },
        {
          name: `${layer.name}/beta`,
          shape: [layer.output.channels],
          initializer: { kind: 'constant', value: 0 },
        },
      ];
    case 'dense': {
      const initializer: Initializer = { kind: 'normal', standardDeviation: Math.sqrt(1 / layer.inputs) };
      return [
        { name: `${layer.name}/kernel`, shape: [layer.inputs, layer.outputs], initializer },
        { name: `${layer.name}/bias`, shape: [layer.outputs], initializer: { kind: 'constant', value: 0 } },
      ];
    }
    default:
      return [];
  }
}

/** He et al., arXiv:1502.01852, equation 10: keeps the variance of a rectified signal. */
function heNormal(fanIn: number): Initializer {
  return { kind: 'normal', standardDeviation: Math.sqrt(2 / fanIn) };
}
