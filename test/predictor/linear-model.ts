import { encodeOnnx } from '../../src/trainer/export/onnx-format.js';

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * An ONNX file like ours that tells dark images (class 0) from bright ones (class 1) by their mean.
 * @param certainty factor of the logits. @param outputs beside the probabilities: the pixels
 */
export function brightness(
  { height, width, channels }: ImageShape,
  {
    certainty = 1,
    outputs = [],
  }: { readonly certainty?: number; readonly outputs?: readonly 'features'[] } = {},
): Uint8Array {
  const values = height * width * channels;
  // logit 0 for dark, (mean - 127.5) / 10 for bright
  const kernel = new Float32Array(values * 2);
  for (let row = 0; row < values; row++) kernel[row * 2 + 1] = (certainty * 0.1) / values;
  const graph = {
    name: 'brightness',
    nodes: [
      { op: 'Flatten', name: 'flat', inputs: ['pixels'], output: 'flat' },
      { op: 'Gemm', name: 'head', inputs: ['flat', 'kernel', 'bias'], output: 'logits' },
      { op: 'Softmax', name: 'softmax', inputs: ['logits'], output: 'probabilities' },
      ...outputs.map((name) => ({ op: 'Identity', name, inputs: ['flat'], output: name })),
    ],
    initializers: [
      { name: 'kernel', shape: [values, 2], values: kernel },
      { name: 'bias', shape: [2], values: Float32Array.of(0, -12.75 * certainty) },
    ],
    inputs: [{ name: 'pixels', shape: ['N', height, width, channels] }],
    outputs: [
      { name: 'probabilities', shape: ['N', 2] },
      ...outputs.map((name) => ({ name, shape: ['N', values] })),
    ],
  };
  return encodeOnnx(graph, {});
}
