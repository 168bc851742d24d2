import type { NetworkProfile, PassAtBoundary, PassSeconds } from '../../contract/network-profile.js';
import type { CostRates } from './cost-rates.js';

/** Work (cost.ts) of some layers, and their blocks [start, end) in the network. */
export interface LayerRange {
  readonly work: number;
  readonly start: number;
  readonly end: number;
}

/** Seconds that one device takes for the parts of a training step, from rates or from a profile of the network. */
export interface StepCosts {
  /** Time of one image in some blocks, including the stem with the first block and the head with the last. */
  layers(range: LayerRange): PassSeconds;
  /** Time of one image in an AuxNet that makes the input of block `boundary`, or in a local head on that input. */
  auxiliary(boundary: number, work: number): PassSeconds;
  localHead(boundary: number, work: number): PassSeconds;
  /** Seconds per value of a boundary: coupling loss with its gradient, writing a message, reading it. */
  readonly coupling: number;
  readonly send: number;
  readonly receive: number;
  /** Seconds per trained parameter: the update of the optimizer. */
  readonly update: number;
  /** Seconds per image for which the training loop waits. */
  readonly data: number;
}

/** Costs in proportion to work. */
export function costsByRates(rates: CostRates): StepCosts {
  const { forward, backward, message, coupling, update, data } = rates;
  const passOf = (work: number): PassSeconds => ({ forward: forward * work, backward: backward * work });
  return {
    layers: ({ work }) => passOf(work),
    auxiliary: (_, work) => passOf(work),
    localHead: (_, work) => passOf(work),
    ...{ coupling, update, data },
    send: message,
    receive: message,
  };
}

/**
 * Costs of a profile. Each layer has its measured time. AuxNets and local heads scale with the work of the nearest
 * measured one. Batches are made in parallel to the loop, so there is no waiting time for data.
 */
export function costsOfProfile(profile: NetworkProfile): StepCosts {
  const { batch, blocks, stem, head, coupling, send, receive, update } = profile;
  const upTo = prefixSums([stem, ...blocks, head]);
  const besideAt = (measured: readonly PassAtBoundary[]) => (boundary: number, work: number) =>
    scaled(nearest(measured, boundary), work);
  const scaled = (from: PassAtBoundary | undefined, work: number): PassSeconds => {
    if (from === undefined) return NOTHING;
    const factor = work / from.work / batch;
    return { forward: from.forward * factor, backward: from.backward * factor };
  };
  return {
    layers({ start, end }) {
      const from = upTo[start === 0 ? 0 : start + 1]!;
      const to = upTo[end === blocks.length ? end + 2 : end + 1]!;
      return {
        forward: (to.forward - from.forward) / batch,
        backward: (to.backward - from.backward) / batch,
      };
    },
    auxiliary: besideAt(profile.auxiliaries),
    localHead: besideAt(profile.heads),
    ...{ coupling, send, receive, update, data: 0 },
  };
}

const NOTHING: PassSeconds = { forward: 0, backward: 0 };

/** [n]: sum of the first n. */
function prefixSums(passes: readonly PassSeconds[]): PassSeconds[] {
  let sum = NOTHING;
  return [
    sum,
    ...passes.map(({ forward, backward }) => {
      sum = { forward: sum.forward + forward, backward: sum.backward + backward };
      return sum;
    }),
  ];
}

function nearest(measured: readonly PassAtBoundary[], boundary: number): PassAtBoundary | undefined {
  const distance = (other: PassAtBoundary) => Math.abs(other.boundary - boundary);
  return measured.reduce<PassAtBoundary | undefined>(
    (best, other) => (best && distance(best) <= distance(other) ? best : other),
    undefined,
  );
}
