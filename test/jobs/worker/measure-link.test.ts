import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureLink } from '../../../src/jobs/worker/measure-link.js';

/** A store behind a link of 20 ms and 10 MB/s, by a clock that only its reads advance. */
function storeBehind() {
  let seconds = 0;
  const uri = 'sha256:probe' as const;
  const reads: number[] = [];
  const deleted: string[] = [];
  return {
    now: () => seconds,
    reads,
    deleted,
    blobs: {
      put: async (bytes: Uint8Array) => ({ uri, size_bytes: bytes.length }),
      readRange: async (_: string, __: number, size: number) => {
        // The first request opens the connection.
        seconds += (reads.length === 0 ? 1 : 0.02) + size / 1e7;
        reads.push(size);
        return new Uint8Array(size);
      },
      deleteBlob: async (blob: string) => void deleted.push(blob),
    },
  };
}

test('a worker measures round trip and bandwidth apart, without the first request, and deletes what it has stored', async () => {
  const { blobs, now, reads, deleted } = storeBehind();
  const { bytes_per_second, round_trip_seconds } = await measureLink(blobs, now);
  // A byte takes 1e-7 s of it.
  assert.ok(Math.abs(round_trip_seconds - 0.02) < 1e-6, `${round_trip_seconds}`);
  assert.ok(Math.abs(bytes_per_second / 1e7 - 1) < 1e-6, `${bytes_per_second}`);
  assert.deepEqual(reads, [1, 1, 1, 1, 1, 1, 8 * 2 ** 20]);
  assert.deepEqual(deleted, ['sha256:probe']);
});
