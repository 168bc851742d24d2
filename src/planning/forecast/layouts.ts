import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { describeMethod, methodsWith } from '../../method/index.js';
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

/**
 * Recommends the fastest layout that fits, and says so if it is not layer-parallel. @param layouts as
 * compareLayouts sorts them
 */
export function recommend(layouts: readonly PlanLayout[]): Schemas['Plan']['recommendation'] {
  const fitting = layouts.filter(({ fits }) => fits);
  const [best] = fitting;
  if (best === undefined) {
    const min = layouts.reduce((a, b) => (b.memory_bytes < a.memory_bytes ? b : a));
    const reason = `No layout fits into the memory of the devices. The smallest one needs ${min.memory_bytes} bytes (${nameOf(min)}).`;
    return { stages: min.stages, replicas: min.replicas, reason };
  }
  const others = [
    fitting.find(({ stages, replicas }) => stages > 1 && replicas === 1),
    fitting.find(({ stages, replicas }) => stages === 1 && replicas > 1),
    fitting.find(({ stages, replicas }) => stages === 1 && replicas === 1),
  ].filter((layout): layout is PlanLayout => layout !== undefined && layout !== best);
  const beside = others.map((layout) => `${nameOf(layout)} ${layout.epoch_seconds} s`).join(', ');
  const reason = `${verdict(best)}: the predicted time per epoch is ${best.epoch_seconds} s${beside && `; ${beside}`}.`;
  return { stages: best.stages, replicas: best.replicas, reason };
}

function verdict(best: PlanLayout): string {
  if (best.stages === 1 && best.replicas > 1) {
    const serial = methodsWith(({ isSerial }) => isSerial === true).join(' or ');
    return `Data-parallel back-propagation on ${best.replicas} devices is the better choice here; Strata trains it as local SGD, with method.type ${serial}, end_to_end_share 1 and end_to_end_replicas ${best.replicas}`;
  }
  if (best.replicas > 1) return `${capital(nameOf(best))} would be fastest, but Strata trains one replica`;
  return best.stages > 1 ? `${capital(nameOf(best))} are fastest` : 'One device is fastest';
}

function nameOf({ stages, replicas }: Layout): string {
  if (stages === 1) return replicas === 1 ? 'one device' : `${replicas} data-parallel replicas`;
  return replicas === 1 ? `${stages} stages` : `${stages} stages of ${replicas} replicas`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A prediction is not more precise than four digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
