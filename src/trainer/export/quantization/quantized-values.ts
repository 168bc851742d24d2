import type { OnnxGraph, OnnxNode } from '../onnx-format.js';

/** Operations that ONNX Runtime computes on bytes. */
const ON_BYTES = new Set(['Conv', 'Gemm', 'MaxPool', 'GlobalAveragePool', 'Flatten']);
/** Operations whose outputs are among their inputs, so that both have one range. */
const SELECTING = new Set(['MaxPool', 'Flatten']);

/** The activations that are rounded to bytes: those that an operation on bytes reads. The logits stay float32. */
export function quantizedValues({ nodes }: OnnxGraph): string[] {
  const made = new Set(nodes.map(({ output }) => output));
  const read = nodes.filter((node) => worksOnBytes(node, made)).flatMap(({ inputs }) => inputs);
  return [...new Set(read)].filter((name) => made.has(name));
}

/** The quantized activation whose range this one has, if that is not its own. */
export function rangeSource(graph: OnnxGraph, name: string): string {
  const node = graph.nodes.find(({ output, op }) => output === name && SELECTING.has(op));
  return node ? rangeSource(graph, node.inputs[0]!) : name;
}

/** The activations whose ranges are measured: all others have the range of one of them. */
export function measuredValues(graph: OnnxGraph): string[] {
  return [...new Set(quantizedValues(graph).map((name) => rangeSource(graph, name)))];
}

/** A sum of two activations is one of bytes; a shift by a constant (of a batch norm) is not. */
function worksOnBytes({ op, inputs }: OnnxNode, made: ReadonlySet<string>): boolean {
  return ON_BYTES.has(op) || (op === 'Add' && inputs.every((name) => made.has(name)));
}
