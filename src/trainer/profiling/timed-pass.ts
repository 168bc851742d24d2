import type { PassSeconds } from '../../contract/network-profile.js';
import type { Layer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { type TrainingContext, trainPass } from '../passes/index.js';
import { arena, free, readScalar, scalar, type Tensor } from '../runtime/index.js';
import type { Clock } from '../training/index.js';

export interface TimedPass {
  readonly seconds: PassSeconds;
  /** A copy of the output. The caller must free it. */
  readonly output: Tensor;
}

/**
 * Measures `layers` on `input`, forward and then directly backward, so that only their own values are kept. The
 * cotangent is the output itself, unless `cotangentOf` computes one, whose time counts as forward. The time of
 * kernels does not depend on the values.
 */
export function timedPass(
  layers: readonly Layer[],
  input: Tensor,
  context: TrainingContext,
  options: {
    readonly wantsInputGradient: boolean;
    readonly now: Clock;
    readonly cotangentOf?: (output: Tensor) => Tensor;
  },
): TimedPass {
  const { wantsInputGradient, now, cotangentOf } = options;
  const begun = now();
  const pass = trainPass(layers, input, context, wantsInputGradient);
  const made = cotangentOf?.(pass.output);
  waitForDevice();
  const there = now();
  const output = copyOf(pass.output);
  waitForDevice();
  const turned = now();
  const inputGradient = pass.pullback(made ?? output);
  waitForDevice();
  const back = now();
  free(...[made, inputGradient].filter((tensor) => tensor != null));
  return { seconds: { forward: (there - begun) / 1000, backward: (back - turned) / 1000 }, output };
}

/**
 * Waits until the device has finished all work, by reading the result of a last operation. CPU kernels are
 * synchronous.
 */
export function waitForDevice(): void {
  const last = arena(() => kernels.add(scalar(0), scalar(0)));
  readScalar(last);
  free(last);
}

function copyOf(tensor: Tensor): Tensor {
  return arena(() => kernels.multiply(tensor, scalar(1)));
}
