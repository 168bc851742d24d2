import type { NetworkProfile, PassAtBoundary, PassSeconds } from '../../contract/network-profile.js';
import type { CostRates } from './cost-rates.js';

/** Work (cost.ts) of some layers, and which blocks of their network they are: [start, end). */
export interface LayerRange {
  readonly work: number;
  readonly start: number;
  readonly end: number;
}

/** What one device takes for the parts of a training step, in seconds: known by rates, or by a profile of the network. */
export interface StepCosts {
  /** Of one image through blocks of the network, the stem and the head where they are the first and the last. */
  layers(range: LayerRange): PassSeconds;
  /** Of one image through an AuxNet that makes the input of block `boundary`, or a local head on what comes before it. */
  auxiliary(boundary: number, work: number): PassSeconds;
  localHead(boundary: number, work: number): PassSeconds;
  /** A value of a boundary: coupling loss with its gradient, writing a message, reading it. */
  readonly coupling: number;
  readonly send: number;
  readonly receive: number;
  /** A trained parameter: the optimiser's update. */
  readonly update: number;
  /** An image: the time that the loop waits for it. */
  readonly data: number;
}

/** Everything in proportion to its work. */
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
 * Layers as they were measured, each; AuxNets and local heads in proportion to the work of the one measured nearest. Batches
 * are made beside the loop: nothing is waited for.
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

/** [n]: of the first n. */
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
