import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BlobUri } from '../../../src/contract/blob-uri.js';
import { deleteGarbage, deleteLostUploads } from '../../../src/jobs/dispatcher/housekeeping.js';
import { ClocksDisagreeError, clockProblem, safeHorizon } from '../../../src/jobs/lifecycle/clocks.js';
import { GARBAGE_GRACE_MS } from '../../../src/jobs/process/limits.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import type { Strata } from '../../support/strata.js';
import { log, useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

const HOUR_MS = 3_600_000;

/** The blob store of this test, on a disk whose clock is ahead. */
const aheadBy = (ms: number) =>
  Object.assign(Object.create(strata.blobs), {
    now: async () => new Date((await strata.blobs.now()).getTime() + ms),
  }) as typeof strata.blobs;

/** A blob that nothing refers to, touched last so long ago. */
async function garbage(text: string, ageMs: number): Promise<BlobUri> {
  const { uri } = await strata.blobs.put(Buffer.from(text));
  const sha256 = uri.slice('sha256:'.length);
  const touched = new Date(Date.now() - ageMs);
  await utimes(join(strata.servers.home, 'blobs', 'blobs', sha256.slice(0, 2), sha256), touched, touched);
  return uri;
}

test('garbage is deleted only when it is older than the grace by both clocks', async () => {
  const old = await garbage('old', GARBAGE_GRACE_MS + 60_000);
  const young = await garbage('young', GARBAGE_GRACE_MS - 60_000);
  // The disk's clock is behind: by it the file is younger than it seems to Postgres.
  await deleteGarbage(db, aheadBy(-59_000), log);
  assert.deepEqual([await strata.blobs.exists(old), await strata.blobs.exists(young)], [false, true]);
  const between = await garbage('between', GARBAGE_GRACE_MS + 30_000);
  await deleteGarbage(db, aheadBy(-59_000), log);
  assert.equal(await strata.blobs.exists(between), true);
  await deleteGarbage(db, strata.blobs, log);
  assert.equal(await strata.blobs.exists(between), false);
});

test('nothing is deleted while the clocks are more than a minute apart, in either direction', async () => {
  const old = await garbage('kept', 2 * HOUR_MS);
  for (const ms of [HOUR_MS, -HOUR_MS, 5.5 * HOUR_MS, 61_000, -61_000]) {
    await assert.rejects(deleteGarbage(db, aheadBy(ms), log), ClocksDisagreeError);
    await assert.rejects(deleteLostUploads(db, aheadBy(ms)), ClocksDisagreeError);
  }
  assert.equal(await strata.blobs.exists(old), true);
});

test('a difference of clocks is described in a sentence', () => {
  const database = new Date('2026-01-01T00:00:00Z');
  const after = (ms: number) => ({ database, files: new Date(database.getTime() + ms) });
  assert.equal(clockProblem(after(60_000)), null);
  assert.match(clockProblem(after(90_000)) ?? '', /90 s ahead of that of Postgres: no file is deleted/);
  assert.match(clockProblem(after(-90_000)) ?? '', /90 s behind/);
  assert.deepEqual(safeHorizon(database, after(1_000), 0), database);
  assert.deepEqual(safeHorizon(database, after(-1_000), 0), after(-1_000).files);
});
