import { type Way, WIRES, type Wire } from './way.js';

/** The ways that a limit of memory leaves, the quickest over a wire first. */
export interface Regime {
  readonly wire: string;
  /** Null: no limit. */
  readonly memoryMb: number | null;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  readonly isOurs: boolean;
  readonly megabytes: number;
  readonly epochSeconds: number;
}

/** Every wire with no limit, and with each of these. */
export function regimesOf(ways: readonly Way[], limits: readonly number[]): Regime[] {
  return WIRES.flatMap((wire) => [null, ...limits].map((memoryMb) => regimeOf(ways, wire, memoryMb)));
}

function regimeOf(ways: readonly Way[], wire: Wire, memoryMb: number | null): Regime {
  const rows = ways
    .filter(({ megabytes }) => memoryMb === null || megabytes <= memoryMb)
    .map(
      ({ name, isOurs, megabytes, epochSeconds }): Row => ({
        ...{ name, isOurs, megabytes, epochSeconds: epochSeconds(wire) },
      }),
    )
    .toSorted((a, b) => a.epochSeconds - b.epochSeconds);
  return { wire: wire.name, memoryMb, rows };
}

/** Steps of round numbers, in MB. */
const STEP = 10;
/** Shares of the way to the least need, from that of one device with the whole network. */
const SHARES = [0.25, 0.6, 0.95];

/**
 * Limits of memory between what the whole network takes on one device and what the least way takes: each lets fewer ways train.
 */
export function limitsOf(ways: readonly Way[], whole: string): number[] {
  const least = Math.min(...ways.map(({ megabytes }) => megabytes));
  const most = ways.find(({ name }) => name === whole)?.megabytes ?? least;
  const limits = SHARES.map((share) => STEP * Math.ceil((most + share * (least - most)) / STEP));
  return [...new Set(limits)];
}
