import { type Attribute, type DType, executeOne, type Tensor } from '../runtime/index.js';

/** Converts the values to another dtype, rounded to nearest (even) if it has fewer bits. */
export function cast(tensor: Tensor, to: DType): Tensor {
  return executeOne('Cast', [tensor], castAttributes(tensor.dtype as DType, to));
}

function castAttributes(from: DType, to: DType): Attribute[] {
  return [
    { name: 'SrcT', kind: 'type', value: from },
    { name: 'DstT', kind: 'type', value: to },
    { name: 'Truncate', kind: 'bool', value: false },
  ];
}
