import { symmetricPadding } from '../../network/index.js';
import { type Attribute, DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { withBorder, withBorderShape, withoutBorder } from './borders.js';
import { typeOf } from './elementwise.js';
import {
  type ConvolutionShape,
  convolutionByPatches,
  inputGradientByPatches,
  isByPatches,
  kernelGradientByPatches,
} from './patches.js';
import { isByPoints, kernelGradientByPoints } from './points.js';
import { validWindow, type Window, windowAttributes } from './window.js';

/**
 * 2-D convolution, NHWC. Images, kernel and the gradients below have the same dtype. images
 * [B,H,W,C], kernel [size,size,C,O] -> [B, ceil(H/stride), ceil(W/stride), O]
 */
export function convolution(images: Tensor, kernel: Tensor, window: Window): Tensor {
  const shape = { images: images.shape, kernel: kernel.shape, window };
  return goesByPatches(images, shape)
    ? convolutionByPatches(images, kernel, shape)
    : executeOne('Conv2D', [images, kernel], attributes(images, shape));
}

/**
 * d images of `convolution`: cotangent [B,h,w,O] -> `imagesShape`. oneDNN's kernel knows SAME and VALID only, and
 * TensorFlow's own takes up to three times as long, so the gradient of other padding is that of an input with a border,
 * without the border.
 */
export function convolutionInputGradient(
  imagesShape: readonly number[],
  kernel: Tensor,
  cotangent: Tensor,
  window: Window,
): Tensor {
  const shape = { images: imagesShape, kernel: kernel.shape, window };
  if (goesByPatches(cotangent, shape)) return inputGradientByPatches(kernel, cotangent, shape);
  if (window.padding === 'same') return inputGradient(kernel, cotangent, shape, windowAttributes);
  const side = symmetricPadding(kernel.shape[0]!);
  const padded = { ...shape, images: withBorderShape(imagesShape, side) };
  const gradient = inputGradient(kernel, cotangent, padded, validWindow);
  const inner = withoutBorder(gradient, side, imagesShape);
  free(gradient);
  return inner;
}

function inputGradient(
  kernel: Tensor,
  cotangent: Tensor,
  shape: ConvolutionShape,
  windowOf: typeof windowAttributes,
): Tensor {
  return withShape(shape.images, (sides) =>
    executeOne('Conv2DBackpropInput', [sides, kernel, cotangent], attributes(cotangent, shape, windowOf)),
  );
}

/**
 * d kernel of `convolution`. oneDNN's kernel knows SAME and VALID only, and TensorFlow's own takes up to five times as long, so
 * images with other padding are copied into a border first.
 */
export function convolutionKernelGradient(
  images: Tensor,
  kernelShape: readonly number[],
  cotangent: Tensor,
  window: Window,
): Tensor {
  const shape = { images: images.shape, kernel: kernelShape, window };
  if (goesByPatches(images, shape)) return kernelGradientByPatches(images, cotangent, shape);
  if (isByPoints(images, shape)) return kernelGradientByPoints(images, cotangent, shape);
  if (window.padding === 'same') return kernelGradient(images, cotangent, shape, windowAttributes);
  const padded = withBorder(images, symmetricPadding(kernelShape[0]!), 0);
  const gradient = kernelGradient(padded, cotangent, shape, validWindow);
  free(padded);
  return gradient;
}

function kernelGradient(
  images: Tensor,
  cotangent: Tensor,
  shape: ConvolutionShape,
  windowOf: typeof windowAttributes,
): Tensor {
  return withShape(shape.kernel, (sides) =>
    executeOne('Conv2DBackpropFilter', [images, sides, cotangent], attributes(cotangent, shape, windowOf)),
  );
}

const goesByPatches = ({ dtype }: Tensor, shape: ConvolutionShape): boolean =>
  dtype === DType.float32 && isByPatches(shape);

function withShape(dimensions: readonly number[], body: (shape: Tensor) => Tensor): Tensor {
  const shape = upload(Int32Array.from(dimensions), [dimensions.length]);
  const result = body(shape);
  free(shape);
  return result;
}

function attributes(
  features: Tensor,
  { kernel, window }: ConvolutionShape,
  windowOf = windowAttributes,
): Attribute[] {
  return [
    typeOf(features),
    ...windowOf(kernel[0]!, window),
    { name: 'dilations', kind: 'int', value: [1, 1, 1, 1] },
    { name: 'use_cudnn_on_gpu', kind: 'bool', value: true },
  ];
}
