/** Devices that train at the same time. */
export const DEVICES = 2;
/** Steps of an epoch, which is also a round of every method that has rounds. */
export const EPOCH_STEPS = 200;

/** A connection between both devices, the same in each direction. */
export interface Wire {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly roundTripSeconds: number;
}

export const WIRES: readonly Wire[] = [
  { name: 'one host', bytesPerSecond: 1e10, roundTripSeconds: 0 },
  { name: '1 Gbit/s, 0.5 ms', bytesPerSecond: 125e6, roundTripSeconds: 0.0005 },
  { name: '100 Mbit/s, 20 ms', bytesPerSecond: 12.5e6, roundTripSeconds: 0.02 },
];

/** A way to train, measured on this machine without a wire. */
export interface Way {
  readonly name: string;
  readonly isOurs: boolean;
  /** Memory of the device that needs most: what its process grows by beyond its loaded libraries. */
  readonly megabytes: number;
  /** Seconds of an epoch over a wire: measured steps, and a model of the wire. */
  epochSeconds(wire: Wire): number;
}

/** A way that does not run here. */
export interface Missing {
  readonly name: string;
  readonly error: string;
}
