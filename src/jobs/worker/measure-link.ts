import { randomFillSync } from 'node:crypto';
import type { StoreLink } from '../../contract/workers.js';
import type { BlobStore } from '../../storage/blob-store.js';

/** As much as a part of a message. */
const PROBE_BYTES = 8 * 2 ** 20;
const SMALL_READS = 5;
/** Below this, the clock measures itself. */
const LEAST_SECONDS = 1e-5;

/**
 * Measures the way from this host to the blob store and back, through which messages between stages go: the round trip by the
 * median of some reads of a byte, the bandwidth by one read of 8 MiB. Copies on this host are passed by.
 * @param now seconds of a monotonic clock
 */
export async function measureLink(
  blobs: Pick<BlobStore, 'put' | 'readRange' | 'deleteBlob'>,
  now: () => number,
): Promise<StoreLink> {
  // Other bytes than those of any other worker, which may delete its own.
  const { uri } = await blobs.put(randomFillSync(new Uint8Array(PROBE_BYTES)));
  try {
    const timed = async (bytes: number): Promise<number> => {
      const started = now();
      await blobs.readRange(uri, 0, bytes);
      return now() - started;
    };
    // The first one opens the connection.
    await timed(1);
    const small: number[] = [];
    for (let read = 0; read < SMALL_READS; read++) small.push(await timed(1));
    const roundTrip = small.toSorted((a, b) => a - b)[Math.floor(SMALL_READS / 2)] ?? 0;
    const whole = await timed(PROBE_BYTES);
    return {
      bytes_per_second: PROBE_BYTES / Math.max(LEAST_SECONDS, whole - roundTrip),
      round_trip_seconds: roundTrip,
    };
  } finally {
    await blobs.deleteBlob(uri).catch(() => undefined);
  }
}
