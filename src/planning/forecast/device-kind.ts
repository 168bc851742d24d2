import type { WorkerDevice } from '../../contract/workers.js';

export type DeviceKind = WorkerDevice['kind'];

/** `cpu` of `cpu:0`. */
export function deviceKindOf(device: string): DeviceKind {
  return device.startsWith('gpu') ? 'gpu' : 'cpu';
}
