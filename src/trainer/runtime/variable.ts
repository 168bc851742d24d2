import { type Attribute, DType, execute, executeOne, free, ownsVariable, type Tensor } from './tensor.js';

/**
 * Float32 memory that kernels change in place: weights and optimizer state. It has one owner, who frees the handle.
 */
export interface Variable {
  readonly handle: Tensor;
}

/** TensorFlow's name for a variable without a name (tensorflow/core/framework/resource_handle.cc). */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

const TYPE: Attribute = { name: 'dtype', kind: 'type', value: DType.float32 };

/** Takes ownership of `values`. The first change copies them if others hold them, too. */
export function createVariable(values: Tensor): Variable {
  const handle = executeOne(
    'VarHandleOp',
    [],
    [
      TYPE,
      { name: 'shape', kind: 'shape', value: values.shape },
      { name: 'shared_name', kind: 'string', value: ANONYMOUS },
    ],
  );
  ownsVariable(handle);
  execute('AssignVariableOp', [handle, values], [TYPE], 0);
  free(values);
  return { handle };
}

/**
 * The current values, without a copy. While the tensor exists, a kernel that changes the variable copies it first.
 * Free the tensor before the change to avoid the copy.
 */
export function valuesOf({ handle }: Variable): Tensor {
  return executeOne('ReadVariableOp', [handle], [TYPE]);
}
