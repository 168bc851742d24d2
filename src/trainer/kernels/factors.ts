import { FACTOR_IMAGES, symmetricPadding } from '../../network/index.js';
import { type Attribute, arena, DType, executeOne, scalar, type Tensor, upload } from '../runtime/index.js';
import { rows, withBorder } from './borders.js';
import { cast } from './cast.js';
import { matMul, reshape } from './dense.js';
import { add, FLOAT, maximum, multiply } from './elementwise.js';
import { sumOfAll } from './reduction.js';
import type { Window } from './window.js';

/**
 * Kronecker factors of a kernel, estimated from the first images of a batch (Martens and Grosse, arXiv:1503.05671; for
 * convolutions Grosse and Martens, arXiv:1602.01073, equations 31 and 32). b images, T places of the kernel in each.
 */

/** (1/b) sum of a a^T over images and places, a being what the kernel sees there. [size size C, size size C] */
export function convolutionInputFactor(images: Tensor, size: number, window: Window): Tensor {
  return arena(() => {
    const some = firstImages(images);
    return gramOf(patches(some, size, window), 1 / some.shape[0]!);
  });
}

/** The same for a dense layer: [B,n] -> [n,n] */
export function denseInputFactor(inputs: Tensor): Tensor {
  return arena(() => {
    const some = firstImages(inputs);
    return gramOf(some, 1 / some.shape[0]!);
  });
}

/**
 * (1/(b T)) sum of g g^T over images and places, g being the gradient of the loss of an image there: B times the
 * cotangent of a mean over B images. [B,...,O] -> [O,O]
 */
export function outputFactor(cotangent: Tensor): Tensor {
  return arena(() => {
    const some = firstImages(cotangent);
    const matrix = reshape(some, [-1, some.shape.at(-1)!]);
    return gramOf(matrix, cotangent.shape[0]! ** 2 / matrix.shape[0]!);
  });
}

/** (M / m + ridge I)^-1 of a symmetric M with the mean eigenvalue m. */
export function dampedInverse(matrix: Tensor, ridge: number): Tensor {
  const side = matrix.shape[0]!;
  return arena(() => {
    const mean = multiply(sumOfAll(executeOne('MatrixDiagPart', [matrix], [FLOAT])), scalar(1 / side));
    // All zero where a layer has no gradient yet; the inverse is then that of the ridge.
    const scaled = executeOne('RealDiv', [matrix, maximum(mean, scalar(TINY))], [FLOAT]);
    const diagonal = new Float32Array(side * side);
    for (let index = 0; index < side; index++) diagonal[index * (side + 1)] = ridge;
    const sum = add(scaled, upload(diagonal, [side, side]));
    return executeOne('MatrixInverse', [sum], [FLOAT, { name: 'adjoint', kind: 'bool', value: false }]);
  });
}

const TINY = 1e-30;

/** factor x^T x of the rows of x. */
function gramOf(matrix: Tensor, factor: number): Tensor {
  return multiply(matMul(matrix, matrix, true, false), scalar(factor));
}

function firstImages(tensor: Tensor): Tensor {
  const count = tensor.shape[0]!;
  const some = count > FACTOR_IMAGES ? rows(tensor, 0, FACTOR_IMAGES) : tensor;
  return some.dtype === DType.float32 ? some : cast(some, DType.float32);
}

/** [b,H,W,C] -> [b h w, size size C] */
function patches(images: Tensor, size: number, { stride, padding }: Window): Tensor {
  const pads = padding === 'symmetric';
  const found = executeOne(
    'ExtractImagePatches',
    [pads ? withBorder(images, symmetricPadding(size), 0) : images],
    [
      FLOAT,
      sides('ksizes', size),
      sides('strides', stride),
      sides('rates', 1),
      { name: 'padding', kind: 'string', value: pads ? 'VALID' : 'SAME' },
    ],
  );
  return reshape(found, [-1, found.shape.at(-1)!]);
}

const sides = (name: string, side: number): Attribute => ({ name, kind: 'int', value: [1, side, side, 1] });
