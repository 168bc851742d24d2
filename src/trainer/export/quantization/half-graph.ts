import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx-format.js';
import { int } from '../writers/onnx-writer.js';
import { toHalf } from './to-half.js';

/** ONNX's number of float32, for Cast. */
const FLOAT = 1;

/**
 * A graph whose kernels are stored as float16 and cast to float32 where they are read. All arithmetic, biases and norms stay
 * float32, so it runs on every processor. ONNX Runtime casts once, when it loads the file.
 */
export function halfGraph(graph: OnnxGraph): OnnxGraph {
  const kernels = graph.initializers.filter(isKernel);
  const casts = kernels.map(
    ({ name }): OnnxNode => ({
      ...{ op: 'Cast', name: `${name}/cast`, inputs: [halfName(name)], output: name },
      attributes: { to: int(FLOAT) },
    }),
  );
  const initializers = graph.initializers.map(
    (tensor): OnnxTensor =>
      isKernel(tensor)
        ? { ...tensor, name: halfName(tensor.name), values: toHalf(Float32Array.from(tensor.values)) }
        : tensor,
  );
  return { ...graph, nodes: [...casts, ...graph.nodes], initializers };
}

const isKernel = ({ shape, values }: OnnxTensor): boolean => shape.length > 1 && values.length > shape[0]!;
const halfName = (name: string): string => `${name}/half`;
