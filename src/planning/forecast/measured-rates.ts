import type { components } from '../../contract/generated/openapi.js';
import { passesPlainly, stagesOfMethod } from '../../method/index.js';
import { type NetworkDescription, wholeNetwork } from '../../network/index.js';
import {
  type CostRates,
  costOf,
  ESTIMATED_RATES,
  messageSeconds,
  NO_STAGE,
  NOTHING_FROZEN,
  type StageCost,
  stageCosts,
} from '../costs/index.js';
import type { TimedTask } from '../timed-task.js';
import { deviceKindOf } from './device-kind.js';

export interface MeasuredRates {
  readonly rates: CostRates;
  readonly on: NonNullable<components['schemas']['Plan']['measured_on']>;
}

/** Seconds of each part, and the amount of work done in them. */
interface Sums {
  images: number;
  steps: number;
  work: number;
  updates: number;
  coupled: number;
  downstream: number;
  /** Number of values in messages, written and read. */
  sent: number;
  seconds: Record<string, number>;
}

/**
 * Rates of the parts of a network, measured by tasks on one kind of device, that of the latest task; null without
 * tasks. Tasks whose memory policy adds work to their passes, or whose channels are removed, do not count. Parts that no
 * task has run, like the coupling if only back-propagation ran, are estimated and scaled by the measured forward pass.
 */
export function measuredRates(
  network: NetworkDescription,
  batch: number,
  all: readonly TimedTask[],
): MeasuredRates | null {
  const tasks = all.filter(({ method }) => passesPlainly(method));
  const [latest] = tasks;
  if (latest === undefined) return null;
  const alike = tasks.filter(({ device }) => deviceKindOf(device) === deviceKindOf(latest.device));
  const sums = alike.reduce((before, task) => add(before, workOf(network, task), task, batch), nothing());
  if (!(sums.work > 0 && part(sums, 'forward') > 0)) return null;
  // Forward and backward passes of AuxNets are convolutions like all others.
  const forward = (part(sums, 'forward') + part(sums, 'auxiliary_forward')) / sums.work;
  const backward = (part(sums, 'backward') + part(sums, 'auxiliary_backward')) / sums.work;
  const scale = forward / ESTIMATED_RATES.forward;
  const coupling = Math.max(0, part(sums, 'coupling') - forward * sums.downstream);
  return {
    rates: {
      forward,
      backward,
      coupling: sums.coupled > 0 ? coupling / sums.coupled : scale * ESTIMATED_RATES.coupling,
      message: sums.sent > 0 ? part(sums, 'spool') / sums.sent : scale * ESTIMATED_RATES.message,
      update: part(sums, 'optimizer') / sums.updates,
      data: part(sums, 'data') / sums.images,
    },
    on: { device: latest.device, tasks: alike.length, steps: Math.round(sums.steps) },
  };
}

const part = ({ seconds }: Sums, name: string): number => seconds[name] ?? 0;
const nothing = (): Sums => ({
  images: 0,
  steps: 0,
  work: 0,
  updates: 0,
  coupled: 0,
  downstream: 0,
  sent: 0,
  seconds: {},
});

function workOf(network: NetworkDescription, { stage, method }: TimedTask): StageCost {
  if (stage !== null) {
    const cost = stageCosts(method, stagesOfMethod(network, method), NOTHING_FROZEN)[stage];
    if (cost) return cost;
  }
  return { ...NO_STAGE, ...costOf(wholeNetwork(network)) };
}

function add(sums: Sums, cost: StageCost, task: TimedTask, batch: number): Sums {
  const steps = task.stage === null ? task.weight : task.weight * task.method.stages;
  const { auxiliary, head, downstream } = cost;
  const images = steps * batch;
  const seconds = { ...sums.seconds };
  for (const [name, value] of Object.entries(task.seconds)) seconds[name] = (seconds[name] ?? 0) + value;
  return {
    images: sums.images + images,
    steps: sums.steps + steps,
    work: sums.work + images * (cost.work + auxiliary.work),
    updates: sums.updates + steps * (cost.parameters + auxiliary.parameters + head.parameters),
    coupled: sums.coupled + (task.seconds.coupling === undefined ? 0 : images * cost.boundary),
    downstream: sums.downstream + images * downstream.work,
    sent: sums.sent + messageSeconds(cost, task.method, { send: 1, receive: 1 }, images),
    seconds,
  };
}
