import { type Attribute, DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { typeOf } from './elementwise.js';
import {
  type ConvolutionShape,
  convolutionByPatches,
  inputGradientByPatches,
  isByPatches,
  kernelGradientByPatches,
} from './patches.js';

/**
 * 2-D convolution, SAME padding, NHWC. Images, kernel and the gradients below have the same dtype. images
 * [B,H,W,C], kernel [size,size,C,O] -> [B, ceil(H/stride), ceil(W/stride), O]
 */
export function convolution(images: Tensor, kernel: Tensor, stride: number): Tensor {
  const shape = { images: images.shape, kernel: kernel.shape, stride };
  return goesByPatches(images, shape)
    ? convolutionByPatches(images, kernel, shape)
    : executeOne('Conv2D', [images, kernel], attributes(images, stride));
}

/** d images of `convolution`: cotangent [B,h,w,O] -> `imagesShape`. */
export function convolutionInputGradient(
  imagesShape: readonly number[],
  kernel: Tensor,
  cotangent: Tensor,
  stride: number,
): Tensor {
  const shape = { images: imagesShape, kernel: kernel.shape, stride };
  if (goesByPatches(cotangent, shape)) return inputGradientByPatches(kernel, cotangent, shape);
  return withShape(imagesShape, (sides) =>
    executeOne('Conv2DBackpropInput', [sides, kernel, cotangent], attributes(cotangent, stride)),
  );
}

/** d kernel of `convolution`. */
export function convolutionKernelGradient(
  images: Tensor,
  kernelShape: readonly number[],
  cotangent: Tensor,
  stride: number,
): Tensor {
  const shape = { images: images.shape, kernel: kernelShape, stride };
  if (goesByPatches(images, shape)) return kernelGradientByPatches(images, cotangent, shape);
  return withShape(kernelShape, (sides) =>
    executeOne('Conv2DBackpropFilter', [images, sides, cotangent], attributes(cotangent, stride)),
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

function attributes(features: Tensor, stride: number): Attribute[] {
  return [
    typeOf(features),
    { name: 'strides', kind: 'int', value: [1, stride, stride, 1] },
    { name: 'padding', kind: 'string', value: 'SAME' },
    { name: 'data_format', kind: 'string', value: 'NHWC' },
    { name: 'dilations', kind: 'int', value: [1, 1, 1, 1] },
    { name: 'use_cudnn_on_gpu', kind: 'bool', value: true },
    { name: 'explicit_paddings', kind: 'int', value: [] },
  ];
}
