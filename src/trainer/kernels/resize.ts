import { type Attribute, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { FLOAT } from './elementwise.js';

const CENTERED: readonly Attribute[] = [
  FLOAT,
  { name: 'align_corners', kind: 'bool', value: false },
  { name: 'half_pixel_centers', kind: 'bool', value: true },
];

/** Bilinear interpolation between pixel centers: [B,h,w,c] -> [B,height,width,c]. */
export function resizeBilinear(features: Tensor, height: number, width: number): Tensor {
  const size = upload(Int32Array.of(height, width), [2]);
  const result = executeOne('ResizeBilinear', [features, size], CENTERED);
  free(size);
  return result;
}

/** Gradient of `resizeBilinear`: cotangent [B,height,width,c] -> [B,h,w,c], the shape of `features`. */
export function resizeBilinearGradient(cotangent: Tensor, features: Tensor): Tensor {
  return executeOne('ResizeBilinearGrad', [cotangent, features], CENTERED);
}
