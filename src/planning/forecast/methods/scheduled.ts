import type { ResolvedMethod } from '../../../contract/spec.js';
import { streamBytesPerValue } from '../../../method/index.js';
import {
  ACTIVATION_BYTES,
  inMicroBatches,
  type MemoryFacts,
  type StageCost,
  type StepCosts,
  stageMemory,
  stageParts,
} from '../../costs/index.js';
import { mostKept, runPriced } from '../../schedules/run-schedule.js';
import type { Operation, Schedule } from '../../schedules/schedule.js';
import { arrivalSeconds, type Link } from './link.js';

const FLOAT = 4;

/** Parts of a network whose features and gradients pass from one to the next in micro-batches. */
export interface PipelinedParts {
  readonly method: ResolvedMethod;
  readonly costs: readonly StageCost[];
  /** Images of a batch, and micro-batches of it. */
  readonly batch: number;
  readonly micro: number;
}

/** Time, waiting and memory of a step of a job by a schedule. */
export interface ScheduledCost {
  readonly seconds: number;
  /** Share of the time in which a device waits, the mean over the devices. */
  readonly bubble: number;
  /** Bytes of each device: weights with gradients and the optimizer's state, and activations. */
  readonly needs: readonly { readonly weights: number; readonly activations: number }[];
}

interface Machine {
  readonly costs: StepCosts;
  readonly memory: MemoryFacts;
  readonly link: Link;
}

/**
 * A step of one batch: its micro-batches by the schedule, then the update. Where two devices have copies of a part, they first
 * exchange its gradients. A micro-batch takes its share of the time of a batch, and the gradients of input and weights half of a
 * backward pass each.
 */
export function costOfSchedule(
  schedule: Schedule,
  parts: PipelinedParts,
  { costs: rates, memory, link }: Machine,
): ScheduledCost {
  const images = parts.batch / parts.micro;
  const held = schedule.orders.map((order) => [...new Set(order.map(({ part }) => part))]);
  const copies = (part: number) => held.filter((own) => own.includes(part)).length;
  const trained = (part: number) => parts.costs[part]!.trainedParameters;
  const run = runPriced(schedule, {
    secondsOf: (operation) => secondsOf(operation, schedule, parts, rates),
    arrivalOf: ({ kind, part }) => {
      const boundary = kind === 'F' ? parts.costs[part]!.boundary : parts.costs[part]!.inputBoundary;
      return arrivalSeconds(link, images * streamBytesPerValue(parts.method) * boundary);
    },
  });
  const update = held.map((own) => rates.update * sum(own.map(trained)));
  const ends = held.map((own, device) => {
    const exchanged = own.filter((part) => copies(part) > 1);
    const partners = held.flatMap((theirs, other) =>
      theirs.some((part) => exchanged.includes(part)) ? [other] : [],
    );
    const ready = Math.max(run.ends[device]!, ...partners.map((other) => run.ends[other]!));
    const sent = FLOAT * sum(exchanged.map(trained));
    const seconds = sent > 0 ? link.roundTripSeconds + sent / link.bytesPerSecond : 0;
    return ready + seconds + update[device]!;
  });
  const seconds = Math.max(...ends);
  const busy = (1 - run.bubble) * schedule.orders.length * run.seconds + sum(update);
  const accumulated = inMicroBatches(memory, parts.micro);
  const bytesOf = (part: number) =>
    ACTIVATION_BYTES[memory.precision] * images * parts.costs[part]!.activations;
  return {
    seconds,
    bubble: 1 - busy / (schedule.orders.length * seconds),
    needs: held.map((own, device) => ({
      weights: sum(own.map((part) => stageMemory(parts.costs[part]!, 0, accumulated, parts.method))),
      activations: mostKept(schedule.orders[device]!, schedule, bytesOf),
    })),
  };
}

/** Seconds of a pass of one micro-batch, with reading and writing its messages. */
function secondsOf(
  { kind, part }: Operation,
  { split }: Schedule,
  { method, costs, batch, micro }: PipelinedParts,
  rates: StepCosts,
): number {
  const cost = costs[part]!;
  const images = batch / micro;
  const { data, forward, backward } = stageParts(cost, method, rates, images);
  const gradients = backward - rates.update * cost.trainedParameters;
  if (kind === 'F') {
    const messages = images * (rates.receive * cost.inputBoundary + rates.send * cost.boundary);
    return forward + messages + (part === 0 ? data : 0);
  }
  if (kind === 'W') return gradients / 2;
  const messages = images * (rates.receive * cost.boundary + rates.send * cost.inputBoundary);
  return (split ? gradients / 2 : gradients) + messages;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
