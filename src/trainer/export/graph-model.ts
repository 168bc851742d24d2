import { attribute, constant, type GraphNode, type GraphWeight, shapeOf } from './graph-format.js';
import type {
  InferenceConv,
  InferenceDense,
  InferenceLayer,
  InferenceMaxPool,
  InferenceModel,
  InferenceNorm,
  InferenceScale,
} from './inference-layers.js';

export interface GraphModel {
  readonly nodes: readonly GraphNode[];
  readonly weights: readonly GraphWeight[];
  /** Of tfjs's model.json: how inputs and outputs are called. */
  readonly signature: object;
}

const FLOAT = { T: attribute.type('DT_FLOAT') };
const LAYOUT = { data_format: attribute.text('NHWC') };

/** The network as a TensorFlow graph: `pixels` 0..255 [N,H,W,C] -> `probabilities` [N,classes]. */
export function buildGraphModel({ manifest, layers }: InferenceModel): GraphModel {
  const { height, width, channels } = manifest.image;
  const shape = [-1, height, width, channels];
  const graph = new GraphBuilder();
  const pixels = graph.node('Placeholder', 'pixels', [], {
    dtype: attribute.type('DT_FLOAT'),
    shape: attribute.shape(shape),
  });
  const logits = graph.applyAll(layers, graph.normalizePixels(manifest, pixels));
  graph.node('Softmax', 'probabilities', [logits], FLOAT);
  return {
    nodes: graph.nodes,
    weights: graph.weights,
    signature: {
      inputs: { pixels: tensorInfo('pixels', shape) },
      outputs: { probabilities: tensorInfo('probabilities', [-1, manifest.classes.length]) },
    },
  };
}

function tensorInfo(name: string, shape: readonly number[]) {
  return { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shapeOf(shape) };
}

/** Nodes and weights as they are collected; every method names the value that its node makes. */
class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly weights: GraphWeight[] = [];

  node(op: string, name: string, input: readonly string[], attr: GraphNode['attr']): string {
    this.nodes.push({ name, op, ...(input.length > 0 && { input }), attr });
    return name;
  }

  normalizePixels({ mean, standard_deviation }: InferenceModel['manifest'], pixels: string): string {
    const centered = this.node(
      'Sub',
      'normalize/center',
      [pixels, this.#floats('normalize/mean', mean)],
      FLOAT,
    );
    const deviation = this.#floats('normalize/deviation', standard_deviation);
    return this.node('RealDiv', 'normalize/scale', [centered, deviation], FLOAT);
  }

  applyAll(layers: readonly InferenceLayer[], input: string): string {
    return layers.reduce((current, layer) => this.#apply(layer, current), input);
  }

  #apply(layer: InferenceLayer, input: string): string {
    const { name } = layer;
    switch (layer.op) {
      case 'conv':
        return this.#conv(layer, input);
      case 'norm':
        return this.#rectified(layer, this.#norm(layer, input));
      case 'scale':
        return this.#rectified(layer, this.#scale(layer, input));
      case 'residual': {
        const paths = [this.applyAll(layer.branch, input), this.applyAll(layer.shortcut, input)];
        return this.#rectified(layer, this.node('AddV2', `${name}/add`, paths, FLOAT));
      }
      case 'max-pool':
        return this.node('MaxPool', name, [input], { ...window(layer), ksize: sides(layer.size) });
      case 'pool': {
        const axes = this.#constant(`${name}/axes`, [2], Int32Array.of(1, 2));
        return this.node('Mean', name, [input, axes], { ...FLOAT, keep_dims: attribute.bool(false) });
      }
      case 'dense':
        return this.#dense(layer, input);
    }
  }

  /** With a bias, one fused node: what TensorFlow's own optimiser would make of three. */
  #conv(layer: InferenceConv, input: string): string {
    const { name, size, inputs, outputs, kernel, bias, relu } = layer;
    const weight = this.#constant(`${name}/kernel`, [size, size, inputs, outputs], kernel);
    const attr = { ...window(layer), dilations: sides(1) };
    if (bias === null) return this.#rectified(layer, this.node('Conv2D', name, [input, weight], attr));
    return this.node('_FusedConv2D', name, [input, weight, this.#floats(`${name}/bias`, bias)], {
      ...attr,
      num_args: attribute.int(1),
      fused_ops: attribute.texts(relu ? ['BiasAdd', 'Relu'] : ['BiasAdd']),
      epsilon: attribute.float(0),
    });
  }

  #norm({ name, gamma, beta, mean, variance, epsilon }: InferenceNorm, input: string): string {
    const parts = Object.entries({ gamma, beta, mean, variance });
    const inputs = [input, ...parts.map(([part, values]) => this.#floats(`${name}/${part}`, values))];
    return this.node('FusedBatchNormV3', name, inputs, {
      ...FLOAT,
      ...LAYOUT,
      U: attribute.type('DT_FLOAT'),
      epsilon: attribute.float(epsilon),
      is_training: attribute.bool(false),
    });
  }

  #scale({ name, factor, shift }: InferenceScale, input: string): string {
    const scaled = this.node('Mul', `${name}/scale`, [input, this.#floats(`${name}/factor`, factor)], FLOAT);
    return this.node('AddV2', name, [scaled, this.#floats(`${name}/shift`, shift)], FLOAT);
  }

  #dense({ name, inputs, outputs, kernel, bias }: InferenceDense, input: string): string {
    const weight = this.#constant(`${name}/kernel`, [inputs, outputs], kernel);
    const transposed = { transpose_a: attribute.bool(false), transpose_b: attribute.bool(false) };
    const product = this.node('MatMul', `${name}/product`, [input, weight], { ...FLOAT, ...transposed });
    return this.node('BiasAdd', name, [product, this.#floats(`${name}/bias`, bias)], { ...FLOAT, ...LAYOUT });
  }

  #rectified({ name, relu }: { readonly name: string; readonly relu: boolean }, input: string): string {
    return relu ? this.node('Relu', `${name}/relu`, [input], FLOAT) : input;
  }

  #floats(name: string, values: Iterable<number>): string {
    const floats = Float32Array.from(values);
    return this.#constant(name, [floats.length], floats);
  }

  #constant(name: string, shape: readonly number[], values: Float32Array | Int32Array): string {
    this.weights.push({ name, shape, values });
    this.nodes.push(constant({ name, shape, values }));
    return name;
  }
}

function window({ stride }: InferenceConv | InferenceMaxPool) {
  return { ...FLOAT, ...LAYOUT, strides: sides(stride), padding: attribute.text('SAME') };
}

/** Of height and width; images and channels are taken one by one. */
const sides = (size: number) => attribute.ints([1, size, size, 1]);
