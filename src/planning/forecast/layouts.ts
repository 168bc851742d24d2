import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { describeMethod } from '../../method/index.js';
import { type Layout, type LayoutCost, layoutCost, type Workload } from '../costs/index.js';

type Schemas = components['schemas'];
type PlanLayout = Schemas['PlanLayout'];

export const MAX_STAGES = 16;

/** The devices for a network. */
export interface Machine {
  readonly devices: number;
  /** Memory of one device; null: no limit. */
  readonly memoryBytes: number | null;
}

/** Whether the stages of a method train at the same time, each on its own device. */
export function trainsInParallel({ type }: Pick<ResolvedMethod, 'type'>): boolean {
  const { isSerial, trains, isPipelined } = describeMethod({ type });
  return isPipelined === true || (!isSerial && trains === 'every-stage');
}

/** Layouts that fit, the fastest first; then those that do not fit. */
export function compareLayouts(work: Workload, { devices, memoryBytes }: Machine): PlanLayout[] {
  return candidates(work, devices)
    .map((layout) => toLayout(layoutCost(work, layout), memoryBytes))
    .sort((a, b) => Number(b.fits) - Number(a.fits) || a.epoch_seconds - b.epoch_seconds);
}

/** One device; every device as a replica; and K stages with as many replicas as there are devices. */
function candidates({ variants, batch }: Workload, devices: number): Layout[] {
  const max = Math.min(variants.length, devices);
  return Array.from({ length: max }, (_, index) => index + 1).flatMap((stages) => {
    const replicas = Math.min(batch, Math.floor(devices / stages));
    return replicas > 1
      ? [
          { stages, replicas: 1 },
          { stages, replicas },
        ]
      : [{ stages, replicas: 1 }];
  });
}

function toLayout(cost: LayoutCost, memoryBytes: number | null): PlanLayout {
  return {
    stages: cost.stages,
    replicas: cost.replicas,
    offered: cost.replicas === 1,
    fits: memoryBytes === null || cost.memoryBytes <= memoryBytes,
    step_seconds: rounded(cost.stepSeconds),
    epoch_seconds: rounded(cost.epochSeconds),
    memory_bytes: Math.round(cost.memoryBytes),
    bytes_per_epoch: Math.round(cost.bytesPerEpoch),
  };
}

/** A prediction is not more precise than four digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
