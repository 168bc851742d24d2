/**
 * Zeros around the input of a window that moves by more than one position. `same` is TensorFlow's: as few as needed,
 * the odd one at the end. `symmetric` is PyTorch's `padding=size // 2`: equally many on every side. Both give
 * ceil(n / stride) positions; on even sides with stride 2, `same` looks one pixel further on.
 */
export type PaddingRule = 'same' | 'symmetric';

/** Rows and columns around an input. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** A window over an input, and the positions that it makes. */
export interface Window {
  /** Odd. */
  readonly size: number;
  readonly stride: number;
  readonly input: Sides;
  readonly output: Sides;
}

/** The rule that a layer keeps: `symmetric` only where it differs, so that equal layers have equal descriptions. */
export function effectiveRule(window: Window, rule: PaddingRule): PaddingRule {
  const { top, left } = samePadding(window);
  const side = symmetricPadding(window.size);
  return top === side && left === side ? 'same' : rule;
}

/** The padding of a layer in numbers, because other runtimes define "same" differently. */
export function paddingOf(layer: Window & { readonly padding: PaddingRule }): Padding {
  if (layer.padding === 'same') return samePadding(layer);
  const side = symmetricPadding(layer.size);
  return { top: side, left: side, bottom: side, right: side };
}

/** Positions before the input, in one direction. */
export function paddingBefore(
  { size, stride, padding }: Pick<Window, 'size' | 'stride'> & { readonly padding: PaddingRule },
  input: number,
  output: number,
): number {
  return padding === 'same' ? Math.floor(sameTotal(size, stride, input, output) / 2) : symmetricPadding(size);
}

/** Positions on each side. */
export const symmetricPadding = (size: number): number => (size - 1) / 2;

function samePadding({ size, stride, input, output }: Window): Padding {
  const vertical = sameTotal(size, stride, input.height, output.height);
  const horizontal = sameTotal(size, stride, input.width, output.width);
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return { top, left, bottom: vertical - top, right: horizontal - left };
}

const sameTotal = (size: number, stride: number, input: number, output: number): number =>
  Math.max(0, (output - 1) * stride + size - input);
