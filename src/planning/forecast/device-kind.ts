import type { WorkerDevice } from '../../contract/workers.js';

export type DeviceKind = WorkerDevice['kind'];

/** The kind of a device: `cpu` for `cpu:0`. */
export function deviceKindOf(device: string): DeviceKind {
  return device.startsWith('gpu') ? 'gpu' : 'cpu';
}
