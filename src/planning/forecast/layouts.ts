import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { describeMethod } from '../../method/index.js';
import { type Layout, type LayoutCost, layoutCost, type Workload } from '../costs/index.js';

type Schemas = components['schemas'];
type PlanLayout = Schemas['PlanLayout'];

export const MOST_STAGES = 16;

/** Devices to lay a network out on. */
export interface Machine {
  readonly devices: number;
  /** Of one device; null: without limit. */
  readonly memoryBytes: number | null;
}

/** Whether the stages of a method train at once, each on a device of its own. */
export function trainsInParallel({ type }: Pick<ResolvedMethod, 'type'>): boolean {
  return type !== 'backprop' && describeMethod({ type }).trains === 'every-stage';
}

/** The fastest first; those that do not fit last. */
export function compareLayouts(work: Workload, { devices, memoryBytes }: Machine): PlanLayout[] {
  return candidates(work, devices)
    .map((layout) => toLayout(layoutCost(work, layout), memoryBytes))
    .sort((a, b) => Number(b.fits) - Number(a.fits) || a.epoch_seconds - b.epoch_seconds);
}

/** One device; every device as a replica; K stages with as many replicas of each as there are devices for. */
function candidates({ variants, batch }: Workload, devices: number): Layout[] {
  const most = Math.min(variants.length, devices);
  return Array.from({ length: most }, (_, index) => index + 1).flatMap((stages) => {
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

/** Picks the fastest that fits, and says plainly where that is not layer-parallel training. @param layouts as compared */
export function recommend(layouts: readonly PlanLayout[]): Schemas['Plan']['recommendation'] {
  const fitting = layouts.filter(({ fits }) => fits);
  const [best] = fitting;
  if (best === undefined) {
    const least = layouts.reduce((a, b) => (b.memory_bytes < a.memory_bytes ? b : a));
    const reason = `No layout fits the devices' memory; the least that one needs is ${least.memory_bytes} bytes (${nameOf(least)}).`;
    return { stages: least.stages, replicas: least.replicas, reason };
  }
  const others = [
    fitting.find(({ stages, replicas }) => stages > 1 && replicas === 1),
    fitting.find(({ stages, replicas }) => stages === 1 && replicas > 1),
    fitting.find(({ stages, replicas }) => stages === 1 && replicas === 1),
  ].filter((layout): layout is PlanLayout => layout !== undefined && layout !== best);
  const beside = others.map((layout) => `${nameOf(layout)} ${layout.epoch_seconds} s`).join(', ');
  const reason = `${verdict(best)}: an epoch is predicted to take ${best.epoch_seconds} s${beside && `; ${beside}`}.`;
  return { stages: best.stages, replicas: best.replicas, reason };
}

function verdict(best: PlanLayout): string {
  if (best.stages === 1 && best.replicas > 1) {
    return `Data-parallel back-propagation is the better choice here, on ${best.replicas} devices; Strata trains it as local SGD, with method.type backprop, end_to_end_share 1 and end_to_end_replicas ${best.replicas}`;
  }
  if (best.replicas > 1) return `${capital(nameOf(best))} would be fastest; Strata trains one replica`;
  return best.stages > 1 ? `${capital(nameOf(best))} are fastest` : 'One device is fastest';
}

function nameOf({ stages, replicas }: Layout): string {
  if (stages === 1) return replicas === 1 ? 'one device' : `${replicas} data-parallel replicas`;
  return replicas === 1 ? `${stages} stages` : `${stages} stages of ${replicas} replicas`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Four digits say all that a prediction knows. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
