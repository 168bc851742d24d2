import { type Attribute, execute, executeOne, type Tensor } from '../runtime/index.js';
import { typeOf } from './elementwise.js';
import { ONEDNN, triedOnce } from './onednn.js';

/** Windows [size, size] at every `stride`, SAME padding. */
export interface MaxPoolWindow {
  readonly size: number;
  readonly stride: number;
}

/** Maximum of each window: [B,h,w,c] -> [B, ceil(h/stride), ceil(w/stride), c]. */
export function maxPool(features: Tensor, window: MaxPoolWindow): Tensor {
  return executeOne('MaxPool', [features], attributes(features, window));
}

export interface MaxPoolForward {
  readonly output: Tensor;
  /** Position of the maximum in each window; null if the gradient must search for it again. */
  readonly places: Tensor | null;
}

/**
 * `maxPool` for training. oneDNN's kernel stores the positions of the maxima, so its gradient takes a thirtieth of
 * the time of TensorFlow's own, which compares all values again.
 */
export function maxPoolForward(features: Tensor, window: MaxPoolWindow): MaxPoolForward {
  if (!hasNotingKernel(features)) return { output: maxPool(features, window), places: null };
  const [output, places] = execute('_MklNativeMaxPool', [features], notingAttributes(features, window), 2);
  return { output: output!, places: places! };
}

/** Gradient of `maxPool`: the cotangent goes to the maximum of each window. -> shape of `features` */
export function maxPoolGradient(
  features: Tensor,
  { output, places }: MaxPoolForward,
  cotangent: Tensor,
  window: MaxPoolWindow,
): Tensor {
  const inputs = [features, output, cotangent];
  return places
    ? executeOne('_MklNativeMaxPoolGrad', [...inputs, places], notingAttributes(features, window))
    : executeOne('MaxPoolGrad', inputs, attributes(features, window));
}

const hasNotingKernel = triedOnce((features) =>
  execute('_MklNativeMaxPool', [features], notingAttributes(features, { size: 1, stride: 1 }), 2),
);

function notingAttributes(features: Tensor, window: MaxPoolWindow): Attribute[] {
  const notes: Attribute = { name: 'workspace_enabled', kind: 'bool', value: true };
  const padding: Attribute = { name: 'explicit_paddings', kind: 'int', value: [] };
  return [...attributes(features, window), padding, notes, ONEDNN];
}

const attributes = (features: Tensor, { size, stride }: MaxPoolWindow): Attribute[] => [
  typeOf(features),
  { name: 'ksize', kind: 'int', value: [1, size, size, 1] },
  { name: 'strides', kind: 'int', value: [1, stride, stride, 1] },
  { name: 'padding', kind: 'string', value: 'SAME' },
  { name: 'data_format', kind: 'string', value: 'NHWC' },
];
