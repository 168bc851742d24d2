import type { Operation, Schedule, Times } from './schedule.js';

export interface ScheduleRun {
  /** From the first start to the last end. */
  readonly seconds: number;
  /** Share of that time in which a device waits, the mean over the devices. */
  readonly bubble: number;
  /** The most micro-batches whose activations a device keeps at once, in stages. */
  readonly kept: number;
}

/**
 * Computes when every operation of a schedule runs: as soon as the device has done those before it, and the operations whose
 * results it reads have ended. Messages take no time.
 * @throws RangeError if operations wait for each other
 */
export function runSchedule(schedule: Schedule, times: Times): ScheduleRun {
  const { orders, chunks } = schedule;
  const ends = new Map<string, number>();
  const places = orders.map(() => 0);
  const clocks = orders.map(() => 0);
  let [left, moved] = [orders.reduce((sum, order) => sum + order.length, 0), true];
  while (left > 0) {
    if (!moved) throw new RangeError(`${left} operations of ${schedule.name} wait for each other`);
    moved = false;
    for (const [device, order] of orders.entries()) {
      for (; places[device]! < order.length; places[device]! += 1) {
        const operation = order[places[device]!]!;
        const needs = needsOf(operation, schedule).map((key) => ends.get(key));
        if (needs.includes(undefined)) break;
        const start = Math.max(clocks[device]!, ...needs.map((end) => end!));
        clocks[device] = start + secondsOf(operation, schedule, times);
        ends.set(keyOf(operation), clocks[device]!);
        left -= 1;
        moved = true;
      }
    }
  }
  const seconds = Math.max(...clocks);
  const busy = orders.flat().reduce((sum, operation) => sum + secondsOf(operation, schedule, times), 0);
  return {
    seconds,
    bubble: 1 - busy / (orders.length * seconds),
    kept: Math.max(...orders.map((order) => keptBy(order, schedule))) / chunks,
  };
}

const keyOf = ({ kind, batch, part }: Operation): string => `${kind} ${batch} ${part}`;

function needsOf({ kind, batch, part }: Operation, { parts }: Schedule): string[] {
  if (kind === 'W') return [keyOf({ kind: 'B', batch, part })];
  if (kind === 'F') return part === 0 ? [] : [keyOf({ kind, batch, part: part - 1 })];
  const own = keyOf({ kind: 'F', batch, part });
  return part === parts - 1 ? [own] : [own, keyOf({ kind, batch, part: part + 1 })];
}

function secondsOf({ kind }: Operation, { split, chunks }: Schedule, times: Times): number {
  const { forward, input, weights } = times;
  const backward = split ? input : input + weights;
  return { F: forward, B: backward, W: weights }[kind] / chunks;
}

/** Activations are kept from the forward pass to the last operation that reads them. */
function keptBy(order: readonly Operation[], { split }: Schedule): number {
  const last = split ? 'W' : 'B';
  let [now, most] = [0, 0];
  for (const { kind } of order) {
    if (kind === 'F') now += 1;
    most = Math.max(most, now);
    if (kind === last) now -= 1;
  }
  return most;
}
