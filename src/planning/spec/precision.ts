import { StrataError } from '../../contract/errors.js';
import type { JobSpec, ResolvedSpec } from '../../contract/spec.js';
import type { TaskKind } from '../../contract/trainer-protocol.js';

/** How many of the registered devices compute in bfloat16. */
export interface DeviceCount {
  readonly devices: number;
  readonly withBfloat16: number;
  /** How many do so faster than in float32. */
  readonly preferBfloat16: number;
}

export const NO_DEVICES: DeviceCount = { devices: 0, withBfloat16: 0, preferBfloat16: 0 };

/**
 * `auto` takes bfloat16 only where every device is the faster for it, so that none stands idle.
 * @throws StrataError precision_unavailable where bfloat16 is asked for and no registered device has it
 */
export function resolvePrecision(
  precision: JobSpec['precision'],
  { devices, withBfloat16, preferBfloat16 }: DeviceCount,
): ResolvedSpec['precision'] {
  if (precision === 'auto') return devices > 0 && preferBfloat16 === devices ? 'bfloat16' : 'float32';
  if (precision === 'bfloat16' && withBfloat16 === 0) {
    const message =
      `none of the ${devices} registered devices computes in bfloat16, and it is not emulated; ` +
      "use 'float32', or 'auto'";
    throw new StrataError('precision_unavailable', undefined, {
      errors: [{ pointer: '/precision', message }],
    });
  }
  return precision;
}

/** Only these compute in the job's precision; all else is float32. */
export const TRAINING_KINDS: readonly TaskKind[] = ['stage', 'end_to_end'];
