import type { components } from '../../contract/generated/openapi.js';
import type { StoreLink } from '../../contract/workers.js';

type PlanLink = components['schemas']['Plan']['link'];

/** 1 Gbit/s, which is little for devices of one host and usual between hosts. */
const ASSUMED = { bytes_per_second: 125_000_000, round_trip_seconds: 0 } as const;

/** Fields of a request about the link; null where it says nothing. */
export interface GivenLink {
  readonly link_bytes_per_second: number | null;
  readonly link_round_trip_seconds: number | null;
}

export interface LinkedWorker {
  readonly host: string;
  readonly link: StoreLink | null;
}

/**
 * The link between two devices. What workers have measured to the blob store counts where there are several hosts: on one,
 * messages stay in its memory. The slowest link counts, because every stage waits for its neighbors in the end.
 */
export function knownLink(given: GivenLink, workers: readonly LinkedWorker[]): PlanLink {
  const measured = workers.flatMap(({ host, link }) => (link ? [{ host, link }] : []));
  const hosts = new Set(measured.map(({ host }) => host)).size;
  const links = hosts > 1 ? measured.map(({ link }) => link) : [ASSUMED];
  const { link_bytes_per_second: bytesPerSecond, link_round_trip_seconds: roundTripSeconds } = given;
  const isGiven = bytesPerSecond !== null || roundTripSeconds !== null;
  const source = isGiven ? 'given' : hosts > 1 ? 'measured' : 'assumed';
  return {
    bytes_per_second: bytesPerSecond ?? Math.min(...links.map((link) => link.bytes_per_second)),
    round_trip_seconds: roundTripSeconds ?? Math.max(...links.map((link) => link.round_trip_seconds)),
    source,
    hosts: source === 'measured' ? hosts : 0,
  };
}
