import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from '../onnx-format.js';
import { int } from '../writers/onnx-writer.js';
import { type Int8Weight, quantizeBias, quantizeWeight } from './int8-weights.js';
import { quantizedValues, rangeSource } from './quantized-values.js';
import type { Range } from './ranges.js';

/** An activation as bytes: value = scale (byte - zero). */
interface Bytes {
  readonly scale: number;
  readonly zero: number;
}

const LEVELS = 255;

/**
 * A graph in ONNX's QDQ form: a pair of QuantizeLinear and DequantizeLinear after every activation of `quantizedValues`, with
 * uint8 and one scale, and a DequantizeLinear before every kernel, with int8 and a scale per output channel, and before every
 * bias, with int32. ONNX Runtime computes an operation between such nodes on integers (Jacob et al. 2018, arXiv 1712.05877).
 * @param graph without batch norms after convolutions
 */
export function int8Graph(graph: OnnxGraph, ranges: ReadonlyMap<string, Range>): OnnxGraph {
  const writer = new Int8Writer(graph, ranges);
  for (const node of graph.nodes) writer.add(node);
  return { ...graph, nodes: writer.nodes, initializers: writer.initializers() };
}

/** The scale and the zero of a range. A range without extent gets the scale 1. */
export function bytesOf({ min, max }: Range): Bytes {
  const scale = (max - min) / LEVELS || 1;
  return { scale: Math.fround(scale), zero: Math.round(-min / scale) };
}

class Int8Writer {
  readonly nodes: OnnxNode[] = [];
  readonly #added: OnnxTensor[] = [];
  readonly #tensors: ReadonlyMap<string, OnnxTensor>;
  readonly #bytes: ReadonlyMap<string, Bytes>;
  readonly #replaced = new Set<string>();

  constructor(graph: OnnxGraph, ranges: ReadonlyMap<string, Range>) {
    this.#tensors = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
    this.#bytes = new Map(
      quantizedValues(graph).map((name) => [name, bytesOf(ranges.get(rangeSource(graph, name))!)]),
    );
  }

  initializers(): OnnxTensor[] {
    return [...[...this.#tensors.values()].filter(({ name }) => !this.#replaced.has(name)), ...this.#added];
  }

  add(node: OnnxNode): void {
    const weighted = node.op === 'Conv' || node.op === 'Gemm' ? this.#weights(node) : node.inputs;
    const inputs = weighted.map((name) => (this.#bytes.has(name) ? `${name}/float` : name));
    this.nodes.push({ ...node, inputs });
    const bytes = this.#bytes.get(node.output);
    if (bytes) this.#roundTrip(node.output, bytes);
  }

  /** The inputs of a convolution or a dense layer, with its kernel and bias as integers. */
  #weights({ op, inputs: [input, kernel, bias] }: OnnxNode): string[] {
    const axis = op === 'Conv' ? 0 : 1;
    const inputScale = this.#bytes.get(input!)!.scale;
    const biases = bias === undefined ? null : this.#floats(bias);
    const weight = quantizeWeight(this.#tensors.get(kernel!)!, axis, inputScale, biases);
    const outputs = weight.scales.length;
    const names = [input!, this.#integers(kernel!, weight, new Int8Array(outputs), axis)];
    if (biases) {
      const scales = weight.scales.map((scale) => scale * inputScale);
      const values = { values: quantizeBias(biases, scales), shape: [outputs], scales };
      names.push(this.#integers(bias!, values, new Int32Array(outputs), 0));
    }
    return names;
  }

  #integers(
    name: string,
    {
      values,
      shape,
      scales,
    }: Pick<Int8Weight, 'shape' | 'scales'> & { readonly values: Int8Array | Int32Array },
    zeros: Int8Array | Int32Array,
    axis: number,
  ): string {
    this.#replaced.add(name);
    const inputs = [
      this.#tensor(`${name}/integers`, values, shape),
      this.#tensor(`${name}/scales`, scales, [scales.length]),
      this.#tensor(`${name}/zeros`, zeros, [scales.length]),
    ];
    return this.#node('DequantizeLinear', inputs, `${name}/float`, { axis: int(axis) });
  }

  #roundTrip(name: string, { scale, zero }: Bytes): void {
    const bytes = [
      this.#tensor(`${name}/scale`, Float32Array.of(scale), []),
      this.#tensor(`${name}/zero`, Uint8Array.of(zero), []),
    ];
    const rounded = this.#node('QuantizeLinear', [name, ...bytes], `${name}/bytes`);
    this.#node('DequantizeLinear', [rounded, ...bytes], `${name}/float`);
  }

  #node(
    op: string,
    inputs: string[],
    output: string,
    attributes: Record<string, OnnxAttribute> = {},
  ): string {
    this.nodes.push({ op, name: output, inputs, output, attributes });
    return output;
  }

  #tensor(name: string, values: OnnxTensor['values'], shape: readonly number[]): string {
    this.#added.push({ name, values, shape });
    return name;
  }

  #floats(name: string): Float32Array {
    return Float32Array.from(this.#tensors.get(name)!.values);
  }
}
