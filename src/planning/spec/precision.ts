import { StrataError } from '../../contract/errors.js';
import type { JobSpec, ResolvedSpec } from '../../contract/spec.js';
import type { TaskKind } from '../../contract/trainer-protocol.js';

/** Number of registered devices that support bfloat16. */
export interface DeviceCount {
  readonly devices: number;
  readonly withBfloat16: number;
  /** Number of devices on which bfloat16 is faster than float32. */
  readonly preferBfloat16: number;
}

export const NO_DEVICES: DeviceCount = { devices: 0, withBfloat16: 0, preferBfloat16: 0 };

/**
 * `auto` uses bfloat16 only if it is faster on every device, so that no device stays idle.
 * @throws StrataError precision_unavailable if bfloat16 is requested and no registered device supports it
 */
export function resolvePrecision(
  precision: JobSpec['precision'],
  { devices, withBfloat16, preferBfloat16 }: DeviceCount,
): ResolvedSpec['precision'] {
  if (precision === 'auto') return devices > 0 && preferBfloat16 === devices ? 'bfloat16' : 'float32';
  if (precision === 'bfloat16' && withBfloat16 === 0) {
    const message =
      `none of the ${devices} registered devices supports bfloat16, and Strata does not emulate it; ` +
      "use 'float32', or 'auto'";
    throw new StrataError('precision_unavailable', undefined, {
      errors: [{ pointer: '/precision', message }],
    });
  }
  return precision;
}

/** Only these kinds use the precision of the job. All other tasks use float32. */
export const TRAINING_KINDS: readonly TaskKind[] = ['stage', 'end_to_end'];
