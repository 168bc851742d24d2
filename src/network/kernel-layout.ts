/** Sizes of a kernel [size,size,inputs,outputs]. */
interface KernelSides {
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Layout of a convolution kernel in ONNX and PyTorch: [size,size,C,O] -> [O,C,size,size]. */
export function outputsFirst(kernel: Float32Array, sides: KernelSides): Float32Array {
  const result = new Float32Array(kernel.length);
  eachPlace(sides, (last, first) => {
    result[first] = kernel[last]!;
  });
  return result;
}

/** The inverse: [O,C,size,size] -> [size,size,C,O]. */
export function outputsLast(kernel: Float32Array, sides: KernelSides): Float32Array {
  const result = new Float32Array(kernel.length);
  eachPlace(sides, (last, first) => {
    result[last] = kernel[first]!;
  });
  return result;
}

/** Calls `visit` with both positions of each number: with outputs last, and with outputs first. */
function eachPlace(
  { size, inputs, outputs }: KernelSides,
  visit: (last: number, first: number) => void,
): void {
  const places = size * size;
  for (let place = 0; place < places; place++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        visit((place * inputs + i) * outputs + o, (o * inputs + i) * places + place);
      }
    }
  }
}

/** A matrix [rows,columns] -> [columns,rows]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    matrix,
    (_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!,
  );
}
