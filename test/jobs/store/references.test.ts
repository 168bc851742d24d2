import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { BlobUri } from '../../../src/contract/blob-uri.js';
import { collectGarbage, type GarbageQuestions } from '../../../src/jobs/dispatcher/garbage.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { insertDataset } from '../../../src/jobs/store/datasets.js';
import {
  findUnlistedManifests,
  listBlobs,
  readHeldReferences,
  referencesAmong,
} from '../../../src/jobs/store/references.js';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import type { Strata } from '../../support/strata.js';
import { useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));
beforeEach(() => strata.sql.query('DELETE FROM dataset'));

const put = async (text: string): Promise<BlobUri> =>
  (await strata.blobs.put(new TextEncoder().encode(text))).uri;

async function makeDataset(id: string, manifest: BlobUri): Promise<void> {
  await db.$transaction((tx) =>
    insertDataset(tx, { id, tenant: 'ours', name: id, source: {}, storedBytes: 0 }),
  );
  await setManifest(id, manifest);
}

const setManifest = (id: string, manifest: BlobUri) =>
  strata.sql.query('UPDATE dataset SET sha256 = $2 WHERE id = $1', [id, manifest.slice('sha256:'.length)]);

/** Collects as if all blobs had been put long ago. @returns the manifests that it read from data sets */
async function collect(): Promise<string[]> {
  const listed: string[] = [];
  const ask: GarbageQuestions = {
    horizon: async () => new Date(Date.now() + 60_000),
    held: () => readHeldReferences(db),
    unlisted: (after, limit) => findUnlistedManifests(db, after, limit),
    list: async (manifest, parts) => {
      listed.push(manifest.datasetId);
      await listBlobs(db, manifest, parts);
    },
    among: (uris) => referencesAmong(db, uris),
  };
  await collectGarbage(strata.blobs, ask);
  return listed;
}

const existing = (...uris: readonly BlobUri[]) => Promise.all(uris.map((uri) => strata.blobs.exists(uri)));

test('garbage collection reads a manifest once, and keeps what it names until the dataset goes', async () => {
  const [images, labels, garbage] = [await put('images'), await put('labels'), await put('garbage')];
  const manifest = await put(JSON.stringify({ images, labels }));
  await makeDataset('dataset_1', manifest);
  assert.deepEqual(await collect(), ['dataset_1']);
  assert.deepEqual(await existing(images, labels, manifest, garbage), [true, true, true, false]);
  await put('more garbage');
  assert.deepEqual(await collect(), [], 'the blobs are listed');
  assert.deepEqual(await existing(images, labels, manifest), [true, true, true]);
  await strata.sql.query('DELETE FROM dataset');
  await collect();
  assert.deepEqual(await existing(images, labels, manifest), [false, false, false]);
});

test('a dataset that is imported again keeps the blobs of its new manifest only', async () => {
  const [before, both] = [await put('before'), await put('both')];
  const first = await put(JSON.stringify({ before, both }));
  await makeDataset('dataset_1', first);
  await collect();
  const later = await put('later');
  const second = await put(JSON.stringify({ both, later }));
  await setManifest('dataset_1', second);
  // An earlier collection that is late lists nothing.
  await listBlobs(db, { datasetId: 'dataset_1', uri: first }, [before, both]);
  assert.deepEqual(await collect(), ['dataset_1']);
  await collect();
  assert.deepEqual(await existing(first, before, both, later, second), [false, false, true, true, true]);
});

test('a manifest that is missing is read again by the next collection', async () => {
  const images = await put('images');
  const text = JSON.stringify({ images });
  const { uri: manifest } = await createFolderStore(strata.servers.home).put(new TextEncoder().encode(text));
  await makeDataset('dataset_1', manifest);
  await put('garbage');
  assert.deepEqual(await collect(), []);
  await put('images');
  assert.equal(await put(text), manifest);
  assert.deepEqual(await collect(), ['dataset_1']);
  assert.deepEqual(await existing(images, manifest), [true, true]);
});

test('the parts of a checkpoint stay until its network is assembled for an evaluation, which then keeps the network', async () => {
  const [state, images, network] = [await put('state'), await put('images of it'), await put('network')];
  const dataset = await put(JSON.stringify({ images }));
  const insert = `INSERT INTO evaluation (id, tenant, variant, dataset_id, dataset_name, dataset_sha256, split, tta, images, parts, setup)
    VALUES ('evaluation_1', 'ours', 'full', 'none', 'none', '0', 'test', 'none', 1, 3, $1)`;
  await strata.sql.query(insert, [{ network: null, assembly: { inputs: { dataset, state } } }]);
  await collect();
  assert.deepEqual(await existing(state, dataset, images, network), [true, true, true, false]);
  const full = await put('network');
  await strata.sql.query('UPDATE evaluation SET setup = $1, serving = $2', [{ network: full }, { full }]);
  await collect();
  assert.deepEqual(await existing(state, dataset, images, full), [false, false, false, true]);
  await strata.sql.query('DELETE FROM evaluation');
  await collect();
  assert.deepEqual(await existing(full), [false]);
});
