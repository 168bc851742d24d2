import type { Operation, Schedule, Times } from './schedule.js';

export interface ScheduleRun {
  /** From the first start to the last end. */
  readonly seconds: number;
  /** When each device has ended its last operation. */
  readonly ends: readonly number[];
  /** Share of that time in which a device waits, the mean over the devices. */
  readonly bubble: number;
  /** The most micro-batches whose activations a device keeps at once, in stages. */
  readonly kept: number;
}

/** Times of operations and of their messages. */
export interface Prices {
  secondsOf(operation: Operation): number;
  /** Seconds from the end of an operation on one device until its result is on another one. */
  arrivalOf(operation: Operation): number;
}

/** Runs a schedule of equal stages. Messages take no time. @throws RangeError if operations wait for each other */
export function runSchedule(schedule: Schedule, times: Times): ScheduleRun {
  return runPriced(schedule, {
    secondsOf: (operation) => secondsOf(operation, schedule, times),
    arrivalOf: () => 0,
  });
}

/**
 * Computes when every operation of a schedule runs: as soon as the device has done those before it, and the results that it reads
 * have arrived.
 * @throws RangeError if operations wait for each other
 */
export function runPriced(schedule: Schedule, prices: Prices): ScheduleRun {
  const { orders, chunks } = schedule;
  const done = new Map<string, { readonly end: number; readonly device: number; readonly arrival: number }>();
  const places = orders.map(() => 0);
  const clocks = orders.map(() => 0);
  let [left, moved] = [orders.reduce((sum, order) => sum + order.length, 0), true];
  while (left > 0) {
    if (!moved) throw new RangeError(`${left} operations of ${schedule.name} wait for each other`);
    moved = false;
    for (const [device, order] of orders.entries()) {
      for (; places[device]! < order.length; places[device]! += 1) {
        const operation = order[places[device]!]!;
        const needs = needsOf(operation, schedule).map((key) => done.get(key));
        if (needs.includes(undefined)) break;
        const arrivals = needs.map((need) => need!.end + (need!.device === device ? 0 : need!.arrival));
        const end = Math.max(clocks[device]!, ...arrivals) + prices.secondsOf(operation);
        clocks[device] = end;
        done.set(keyOf(operation), { end, device, arrival: prices.arrivalOf(operation) });
        left -= 1;
        moved = true;
      }
    }
  }
  const seconds = Math.max(...clocks);
  const busy = orders.flat().reduce((sum, operation) => sum + prices.secondsOf(operation), 0);
  const kept = orders.map((order) => mostKept(order, schedule, () => 1));
  return {
    seconds,
    ends: clocks,
    bubble: 1 - busy / (orders.length * seconds),
    kept: Math.max(...kept) / chunks,
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

/**
 * The most that a device keeps of its micro-batches, each from its forward pass to the last operation that reads its activations.
 * @param sizeOf of the activations of a part for one micro-batch
 */
export function mostKept(
  order: readonly Operation[],
  { split }: Pick<Schedule, 'split'>,
  sizeOf: (part: number) => number,
): number {
  const last = split ? 'W' : 'B';
  let [now, most] = [0, 0];
  for (const { kind, part } of order) {
    if (kind === 'F') now += sizeOf(part);
    most = Math.max(most, now);
    if (kind === last) now -= sizeOf(part);
  }
  return most;
}
