import { type Attribute, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { typeOf } from './elementwise.js';

/**
 * 2-D convolution, SAME padding, NHWC; images and kernel have one dtype, as do the gradients below.
 * images [B,H,W,C], kernel [size,size,C,O] -> [B, ceil(H/stride), ceil(W/stride), O]
 */
export function convolution(images: Tensor, kernel: Tensor, stride: number): Tensor {
  return executeOne('Conv2D', [images, kernel], attributes(images, stride));
}

/** d images of `convolution`: cotangent [B,h,w,O] -> `imagesShape`. */
export function convolutionInputGradient(
  imagesShape: readonly number[],
  kernel: Tensor,
  cotangent: Tensor,
  stride: number,
): Tensor {
  return withShape(imagesShape, (shape) =>
    executeOne('Conv2DBackpropInput', [shape, kernel, cotangent], attributes(cotangent, stride)),
  );
}

/** d kernel of `convolution`. */
export function convolutionKernelGradient(
  images: Tensor,
  kernelShape: readonly number[],
  cotangent: Tensor,
  stride: number,
): Tensor {
  return withShape(kernelShape, (shape) =>
    executeOne('Conv2DBackpropFilter', [images, shape, cotangent], attributes(cotangent, stride)),
  );
}

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
