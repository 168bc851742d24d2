import { decodeSafetensors, type StoredTensor } from '../checkpoint/index.js';
import type { InferenceLayer, InferenceModel } from './inference-layers.js';
import { outputsLast, type Padding, transposed } from './kernel-layout.js';
import type { SafetensorsFiles } from './safetensors-files.js';

/** `config.json` as the export writes it. */
interface Config {
  readonly classes: readonly string[];
  readonly image: InferenceModel['manifest']['image'];
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
  readonly norm_epsilon: number;
  readonly layers: readonly ConfigLayer[];
}

type ConfigLayer =
  | (Named<'conv' | 'max-pool'> & Window)
  | Named<'norm' | 'scale' | 'pool' | 'dense'>
  | (Pick<Named<'residual'>, 'op' | 'relu'> & {
      readonly branch: readonly ConfigLayer[];
      readonly shortcut: readonly ConfigLayer[];
    });

interface Named<Op> {
  readonly op: Op;
  readonly name: string;
  readonly relu?: boolean;
}

interface Window {
  readonly size: number;
  readonly stride: number;
  /** left, right, top, bottom */
  readonly padding: readonly [number, number, number, number];
}

/** The network that the two files hold, from nothing but what they say. */
export function readSafetensors({ weights, config }: SafetensorsFiles): InferenceModel {
  const { layers, norm_epsilon, ...manifest } = JSON.parse(new TextDecoder().decode(config)) as Config;
  const { tensors } = decodeSafetensors(weights);
  return { manifest, layers: new Reader(tensors, norm_epsilon).path(layers) };
}

class Reader {
  constructor(
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    private readonly epsilon: number,
  ) {}

  path(layers: readonly ConfigLayer[]): InferenceLayer[] {
    return layers.map((layer, index) => this.#read(layer, index));
  }

  #read(layer: ConfigLayer, index: number): InferenceLayer {
    const relu = layer.relu ?? false;
    switch (layer.op) {
      case 'conv':
        return this.#conv(layer, relu);
      case 'max-pool':
        return { ...layer, op: 'max-pool', padding: paddingOf(layer) };
      case 'norm':
        return { op: 'norm', name: layer.name, ...this.#norm(layer.name), epsilon: this.epsilon, relu };
      case 'scale': {
        const { name } = layer;
        return {
          op: 'scale',
          name,
          factor: this.#values(name, 'weight'),
          shift: this.#values(name, 'bias'),
          relu,
        };
      }
      case 'residual': {
        const [branch, shortcut] = [this.path(layer.branch), this.path(layer.shortcut)];
        return { op: 'residual', name: `${branch[0]?.name}/residual${index}`, branch, shortcut, relu };
      }
      case 'pool':
        return { op: 'pool', name: layer.name };
      case 'dense':
        return this.#dense(layer.name);
    }
  }

  #conv(layer: Named<'conv' | 'max-pool'> & Window, relu: boolean): InferenceLayer {
    const { name, size, stride } = layer;
    const { shape, values } = this.#tensor(name, 'weight');
    const [outputs, inputs] = shape as [number, number];
    const kernel = outputsLast(values, { size, inputs, outputs });
    const bias = this.tensors.get(`${name}.bias`)?.values ?? null;
    return { op: 'conv', name, size, stride, padding: paddingOf(layer), inputs, outputs, kernel, bias, relu };
  }

  #norm(name: string) {
    return {
      gamma: this.#values(name, 'weight'),
      beta: this.#values(name, 'bias'),
      mean: this.#values(name, 'running_mean'),
      variance: this.#values(name, 'running_var'),
    };
  }

  #dense(name: string): InferenceLayer {
    const { shape, values } = this.#tensor(name, 'weight');
    const [outputs, inputs] = shape as [number, number];
    const kernel = transposed(values, outputs, inputs);
    return { op: 'dense', name, inputs, outputs, kernel, bias: this.#values(name, 'bias') };
  }

  #values(name: string, part: string): Float32Array {
    return this.#tensor(name, part).values;
  }

  #tensor(name: string, part: string): StoredTensor {
    const tensor = this.tensors.get(`${name}.${part}`);
    if (!tensor) throw new Error(`model.safetensors has no ${name}.${part}, which config.json names`);
    return tensor;
  }
}

function paddingOf({ padding: [left, right, top, bottom] }: Window): Padding {
  return { left, right, top, bottom };
}
