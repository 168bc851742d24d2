import type { Operation, Schedule } from './schedule.js';

/**
 * Chimera (Li and Hoefler 2021, arXiv 2107.06925): two copies of the network, one with its first stage on the first device, one
 * with its first stage on the last. Each takes half of the micro-batches, so that one fills the pipeline where the other would
 * wait. Units of as many micro-batches as devices follow each other (section 3.5, "direct concatenation").
 * @param devices an even number
 * @param batches a multiple of `devices`
 * @throws RangeError for other numbers
 */
export function chimera(devices: number, batches: number): Schedule {
  if (devices % 2 !== 0 || batches % devices !== 0) {
    throw new RangeError(
      `${devices} devices and ${batches} micro-batches; use an even number, and a multiple of it`,
    );
  }
  const orders = ordersOf(devices, batches);
  return { name: 'Chimera', orders, chunks: 1, parts: devices, split: false };
}

/** Whether a micro-batch of a unit goes from the first device to the last. */
const goesDown = (batch: number, devices: number): boolean => batch % devices < devices / 2;

/** The device that has stage `part` of the copy that trains on micro-batch `batch`. */
export function chimeraDevice(devices: number, { batch, part }: Pick<Operation, 'batch' | 'part'>): number {
  return goesDown(batch, devices) ? part : devices - 1 - part;
}

/**
 * The order in which forward and backward passes of equal length run if each device takes a backward pass before a forward pass,
 * and micro-batches in their order. A device begins a unit after all forward passes of the one before it, in the time in which
 * it would wait, and never keeps more micro-batches than there are devices.
 */
function ordersOf(devices: number, batches: number): Operation[][] {
  const orders: Operation[][] = Array.from({ length: devices }, () => []);
  const ready = new Set(range(batches).map((batch): Operation => ({ kind: 'F', batch, part: 0 })));
  while (ready.size > 0) {
    const chosen = orders.map((order, device) => nextOn(device, order, devices, ready));
    for (const [device, operation] of chosen.entries()) {
      if (operation === undefined) continue;
      orders[device]!.push(operation);
      ready.delete(operation);
      const next = after(operation, devices);
      if (next !== null) ready.add(next);
    }
  }
  return orders;
}

function nextOn(
  device: number,
  order: readonly Operation[],
  devices: number,
  ready: ReadonlySet<Operation>,
): Operation | undefined {
  const forwards = order.filter(({ kind }) => kind === 'F').length;
  const kept = 2 * forwards - order.length;
  const unit = Math.floor(forwards / devices);
  const may = ({ kind, batch }: Operation) =>
    kind === 'B' || (kept < devices && Math.floor(batch / devices) === unit);
  const place = ({ batch }: Operation) => Math.floor(batch / devices) * devices + (batch % (devices / 2));
  return [...ready]
    .filter((operation) => chimeraDevice(devices, operation) === device && may(operation))
    .sort(
      (a, b) => Number(b.kind === 'B') - Number(a.kind === 'B') || place(a) - place(b) || b.part - a.part,
    )[0];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The operation for which only this one was missing; null after the last one of a micro-batch. */
function after({ kind, batch, part }: Operation, devices: number): Operation | null {
  if (kind === 'F') {
    return part === devices - 1 ? { kind: 'B', batch, part } : { kind, batch, part: part + 1 };
  }
  return part === 0 ? null : { kind, batch, part: part - 1 };
}
