/** Seconds that a stage takes for a micro-batch. */
export interface Times {
  readonly forward: number;
  /** The gradient of its input. */
  readonly input: number;
  /** The gradient of its weights. */
  readonly weights: number;
}

/** F: forward. B: the whole gradient, or that of the input where W, that of the weights, stands apart. */
export interface Operation {
  readonly kind: 'F' | 'B' | 'W';
  readonly batch: number;
  /** Place of the part of the network in the order of the layers. */
  readonly part: number;
}

/** The order in which each device computes its operations for one batch of `batches` micro-batches. */
export interface Schedule {
  readonly name: string;
  readonly orders: readonly (readonly Operation[])[];
  /** Parts of the network per device, each 1 / chunks of a stage. */
  readonly chunks: number;
  readonly parts: number;
  /** Whether B is the gradient of the input alone. */
  readonly split: boolean;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** All forward passes, then all backward passes (Huang et al. 2019, arXiv 1811.06965). */
export function gpipe(devices: number, batches: number): Schedule {
  const orders = range(devices).map((part) => [
    ...range(batches).map((batch): Operation => ({ kind: 'F', batch, part })),
    ...range(batches).map((batch): Operation => ({ kind: 'B', batch, part })),
  ]);
  return { name: 'GPipe', orders, chunks: 1, parts: devices, split: false };
}

/**
 * One forward, one backward, after as many forward passes as there are later stages (Narayanan et al. 2019,
 * arXiv 1806.03377).
 */
export function oneForwardOneBackward(devices: number, batches: number): Schedule {
  const orders = range(devices).map((part) => {
    const forward = range(batches).map((batch): Operation => ({ kind: 'F', batch, part }));
    const backward = range(batches).map((batch): Operation => ({ kind: 'B', batch, part }));
    return alternated(forward, backward, devices - 1 - part);
  });
  return { name: '1F1B', orders, chunks: 1, parts: devices, split: false };
}

/**
 * 1F1B with `chunks` parts of the network on each device (Narayanan et al. 2021, arXiv 2104.04473).
 * @param batches a multiple of `devices`
 */
export function interleaved(devices: number, batches: number, chunks: number): Schedule {
  const group = devices * chunks;
  const orders = range(devices).map((device) => {
    const at =
      (kind: 'F' | 'B') =>
      (place: number): Operation => {
        const chunk = Math.floor((place % group) / devices);
        const batch = Math.floor(place / group) * devices + (place % devices);
        return { kind, batch, part: device + devices * (kind === 'F' ? chunk : chunks - 1 - chunk) };
      };
    const places = range(batches * chunks);
    const ahead = 2 * (devices - 1 - device) + (chunks - 1) * devices;
    return alternated(places.map(at('F')), places.map(at('B')), ahead);
  });
  return { name: `interleaved, ${chunks} parts`, orders, chunks, parts: group, split: false };
}

/**
 * Zero-bubble schedule H1 (Qi et al. 2024, arXiv 2401.10241): 1F1B whose gradients of weights wait until a device would be idle,
 * with no more micro-batches under way than in 1F1B: stage k postpones k of them.
 */
export function zeroBubble(devices: number, batches: number): Schedule {
  const orders = oneForwardOneBackward(devices, batches).orders.map((order, part) => {
    const split: Operation[] = [];
    let waiting = 0;
    let next = 0;
    const gradientOfWeights = (): void => {
      split.push({ kind: 'W', batch: next, part });
      next += 1;
      waiting -= 1;
    };
    for (const operation of order) {
      split.push(operation);
      if (operation.kind === 'B') waiting += 1;
      if (operation.kind === 'B' && waiting > part) gradientOfWeights();
    }
    while (waiting > 0) gradientOfWeights();
    return split;
  });
  return { name: 'zero bubble H1', orders, chunks: 1, parts: devices, split: true };
}

/** `ahead` forward passes, then one of each in turn, then the rest. */
function alternated(
  forward: readonly Operation[],
  backward: readonly Operation[],
  ahead: number,
): Operation[] {
  const first = Math.min(ahead, forward.length);
  const pairs = forward.slice(first).flatMap((operation, index) => [operation, backward[index]!]);
  return [...forward.slice(0, first), ...pairs, ...backward.slice(forward.length - first)];
}
