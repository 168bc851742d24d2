/** The connection between two devices, the same in each direction. */
export interface Link {
  readonly bytesPerSecond: number;
  readonly roundTripSeconds: number;
}

/** Costs of a way to train. */
export interface TrainingCost {
  readonly seconds: number;
  /** Bytes that all devices send. */
  readonly bytes: number;
}

/** Time from sending a message until the other end has all of it. */
export function arrivalSeconds({ bytesPerSecond, roundTripSeconds }: Link, bytes: number): number {
  return roundTripSeconds / 2 + bytes / bytesPerSecond;
}

/** Time of storing or reading something at the other end: a request, and its answer. */
export function requestSeconds({ bytesPerSecond, roundTripSeconds }: Link, bytes: number): number {
  return roundTripSeconds + bytes / bytesPerSecond;
}
