import { symmetricPadding } from '../../network/index.js';
import { type Attribute, execute, executeOne, free, type Tensor } from '../runtime/index.js';
import { withBorder, withoutBorder } from './borders.js';
import { typeOf } from './elementwise.js';
import { ONEDNN, triedOnce } from './onednn.js';
import { type Window, windowAttributes } from './window.js';

/** Windows [size, size]. Padding never is the largest. */
export interface MaxPoolWindow extends Window {
  readonly size: number;
}

/** Maximum of each window: [B,h,w,c] -> [B, ceil(h/stride), ceil(w/stride), c]. */
export function maxPool(features: Tensor, window: MaxPoolWindow): Tensor {
  return executeOne('MaxPool', [features], attributes(features, window));
}

export interface MaxPoolForward {
  readonly output: Tensor;
  /** The input with its padding; null if the kernels pad by themselves. */
  readonly padded: Tensor | null;
  /** Position of the maximum in each window; null if the gradient must search for it again. */
  readonly places: Tensor | null;
}

/**
 * `maxPool` for training. oneDNN's kernel stores the positions of the maxima, so its gradient takes a thirtieth of
 * the time of TensorFlow's own, which compares all values again. It knows SAME and VALID only, so an input with other padding
 * is copied into a border first.
 */
export function maxPoolForward(features: Tensor, window: MaxPoolWindow): MaxPoolForward {
  if (window.padding === 'same') return { ...poolAndNote(features, window, 'SAME'), padded: null };
  const padded = withBorder(features, symmetricPadding(window.size), Number.NEGATIVE_INFINITY);
  return { ...poolAndNote(padded, window, 'VALID'), padded };
}

/** Gradient of `maxPool`: the cotangent goes to the maximum of each window. -> shape of `features` */
export function maxPoolGradient(
  features: Tensor,
  { output, padded, places }: MaxPoolForward,
  cotangent: Tensor,
  window: MaxPoolWindow,
): Tensor {
  if (padded === null) return pullBack(features, { output, places }, cotangent, window, 'SAME');
  const gradient = pullBack(padded, { output, places }, cotangent, window, 'VALID');
  const inner = withoutBorder(gradient, symmetricPadding(window.size), features.shape);
  free(gradient);
  return inner;
}

/** Frees everything but the input. */
export function freeMaxPool({ output, padded, places }: MaxPoolForward): void {
  free(output, ...(padded ? [padded] : []), ...(places ? [places] : []));
}

type Placed = Pick<MaxPoolForward, 'output' | 'places'>;
/** The paddings of oneDNN's kernel. */
type NotedPadding = 'SAME' | 'VALID';

function poolAndNote(features: Tensor, window: MaxPoolWindow, padding: NotedPadding): Placed {
  if (!hasNotingKernel(features))
    return { output: executeOne('MaxPool', [features], plain(features, window, padding)), places: null };
  const [output, places] = execute('_MklNativeMaxPool', [features], noting(features, window, padding), 2);
  return { output: output!, places: places! };
}

function pullBack(
  features: Tensor,
  { output, places }: Placed,
  cotangent: Tensor,
  window: MaxPoolWindow,
  padding: NotedPadding,
): Tensor {
  const inputs = [features, output, cotangent];
  return places
    ? executeOne('_MklNativeMaxPoolGrad', [...inputs, places], noting(features, window, padding))
    : executeOne('MaxPoolGrad', inputs, plain(features, window, padding));
}

const hasNotingKernel = triedOnce((features) =>
  execute('_MklNativeMaxPool', [features], noting(features, { size: 1, stride: 1 }, 'SAME'), 2),
);

type Sides = Pick<MaxPoolWindow, 'size' | 'stride'>;

function noting(features: Tensor, window: Sides, padding: NotedPadding): Attribute[] {
  const notes: Attribute = { name: 'workspace_enabled', kind: 'bool', value: true };
  const explicit: Attribute = { name: 'explicit_paddings', kind: 'int', value: [] };
  return [...plain(features, window, padding), explicit, notes, ONEDNN];
}

const plain = (features: Tensor, { size, stride }: Sides, padding: NotedPadding): Attribute[] => [
  typeOf(features),
  { name: 'ksize', kind: 'int', value: [1, size, size, 1] },
  { name: 'strides', kind: 'int', value: [1, stride, stride, 1] },
  { name: 'padding', kind: 'string', value: padding },
  { name: 'data_format', kind: 'string', value: 'NHWC' },
];

const attributes = (features: Tensor, window: MaxPoolWindow): Attribute[] => [
  typeOf(features),
  { name: 'ksize', kind: 'int', value: [1, window.size, window.size, 1] },
  ...windowAttributes(window.size, window),
];
