import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { describeMethod, stageReplicasOf } from '../../method/index.js';
import { type Layout, type LayoutCost, layoutCost, sharesStages, type Workload } from '../costs/index.js';

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
    .map((layout) => toLayout(layoutCost(work, layout), isOffered(work, layout), memoryBytes))
    .sort((a, b) => Number(b.fits) - Number(a.fits) || a.epoch_seconds - b.epoch_seconds);
}

/** One device; every device as a replica; and K stages with the job's own replicas, and with as many as there are devices. */
function candidates({ variants, batch }: Workload, devices: number): Layout[] {
  const max = Math.min(variants.length, devices);
  return Array.from({ length: max }, (_, index) => index + 1).flatMap((stages) => {
    const most = Math.floor(devices / stages);
    const own = stages > 1 ? stageReplicasOf(variants[stages - 1]!.method) : 1;
    const counts = new Set([1, ...(own <= most ? [own] : []), Math.max(1, Math.min(batch, most))]);
    return [...counts].map((replicas) => ({ stages, replicas }));
  });
}

function isOffered({ variants }: Workload, { stages, replicas }: Layout): boolean {
  return replicas === 1 || sharesStages(variants[stages - 1]!.method, replicas);
}

function toLayout(cost: LayoutCost, offered: boolean, memoryBytes: number | null): PlanLayout {
  return {
    stages: cost.stages,
    replicas: cost.replicas,
    offered,
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
