import { type PaddingRule, symmetricPadding } from '../../network/index.js';
import type { Attribute } from '../runtime/index.js';

/** A window that moves over images [B,H,W,C] to [B, ceil(H/stride), ceil(W/stride), ...]. */
export interface Window {
  readonly stride: number;
  readonly padding: PaddingRule;
}

/** Attributes that TensorFlow's convolutions, max-pools and their gradients share. NHWC. */
export function windowAttributes(size: number, { stride, padding }: Window): Attribute[] {
  const side = symmetricPadding(size);
  return padding === 'symmetric'
    ? padded(stride, 'EXPLICIT', [0, 0, side, side, side, side, 0, 0])
    : padded(stride, 'SAME', []);
}

/** The same for an input that has its padding already. */
export const validWindow = (_size: number, { stride }: Window): Attribute[] => padded(stride, 'VALID', []);

const padded = (stride: number, padding: string, explicit: number[]): Attribute[] => [
  { name: 'strides', kind: 'int', value: [1, stride, stride, 1] },
  { name: 'padding', kind: 'string', value: padding },
  { name: 'explicit_paddings', kind: 'int', value: explicit },
  { name: 'data_format', kind: 'string', value: 'NHWC' },
];
