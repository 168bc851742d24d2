import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DatasetRequest } from '../../../src/contract/client/datasets.js';
import type { JobsService } from '../../../src/contract/client/service.js';
import { StrataError } from '../../../src/contract/errors.js';
import { IMPORT_DEFAULTS } from '../../../src/contract/importer-protocol.js';
import { createJobsService } from '../../../src/jobs/client/service.js';
import { makeNpy, makeNpz, rawImages } from '../../datasets/support/arrays.js';
import { eventually } from '../../support/eventually.js';
import { blobUrlOf, FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

const QUOTA = 10_000;
const SIDE = 16;

let strata: Strata;
let service: JobsService;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  service = await createJobsService({
    ...strata.servers,
    blobUrl: blobUrlOf(strata.servers),
    outgoingAllow: ['127.0.0.1'],
    tenantBytes: QUOTA,
  });
});
after(async () => {
  await service.close();
  await strata.stop();
});

const requestFor = (name: string): DatasetRequest => ({
  ...{
    name,
    sha256: null,
    ...IMPORT_DEFAULTS,
  },
});

async function* bytesOf(size: number): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(size);
}

const reached = (detail: RegExp) => (error: unknown) =>
  error instanceof StrataError && error.code === 'quota_reached' && detail.test(error.detail);

test('the quota holds exactly among many uploads at once, at once and in pieces', async () => {
  const { datasets } = service.forTenant('crowd');
  const inPieces = Array.from({ length: 20 }, (_, index) => datasets.reserveUpload(`crowd${index}`, 1_000));
  const atOnce = Array.from({ length: 20 }, async (_, index) => {
    const upload = await datasets.receiveUpload(bytesOf(1_000));
    try {
      return await datasets.createDataset(requestFor(`crowd-${index}`), upload);
    } finally {
      await upload.discard();
    }
  });
  const outcomes = await Promise.allSettled([...inPieces, ...atOnce]);
  const accepted = outcomes.filter(({ status }) => status === 'fulfilled');
  assert.equal(accepted.length, QUOTA / 1_000);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected')
      assert.ok(reached(/^\d+ of 10000 bytes are stored/)(outcome.reason), outcome.reason);
  // Another tenant has its own.
  await service.forTenant('other').datasets.reserveUpload('other', QUOTA);
});

test('an upload in pieces is counted once, as an upload and then as a dataset, until it is deleted', async () => {
  const { datasets } = service.forTenant('pieces');
  await datasets.reserveUpload('pieces', QUOTA);
  const path = join(strata.servers.home, 'piece');
  await writeFile(path, new Uint8Array(QUOTA));
  const dataset = await datasets.createDataset(
    requestFor('whole'),
    await datasets.adoptUpload(path, 'pieces'),
  );
  await assert.rejects(
    datasets.reserveUpload('more', 1),
    reached(/^10000 of 10000 bytes are stored. 1 more do not fit.$/),
  );
  await assert.rejects(datasets.receiveUpload(createReadStream(path)), reached(/^10000 of 10000/));
  await datasets.deleteDataset(dataset.id);
  await datasets.reserveUpload('more', QUOTA);
  await datasets.forgetUpload('more');
  await assert.rejects(datasets.receiveUpload(bytesOf(QUOTA + 1)), reached(/^0 of 10000/));
});

test('a new job is refused where artifacts and checkpoints fill the quota; a dry run is not', async () => {
  const { jobs, datasets } = service.forTenant('jobs');
  const spec = smallJob();
  const { id } = (await jobs.createJob(spec, {})).job;
  const artifact = `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
    VALUES ('artifact_quota', $1, 'model', 'model', 'text/plain', 6000, 'x')`;
  const task = `INSERT INTO task (id, job_id, tenant, key, position, kind, state, waiting, inputs, weight)
    VALUES ('task_quota', $1, 'jobs', 'stage-9-9', 9, 'stage', 'succeeded', 0, '{}', 0)`;
  const checkpoint = `INSERT INTO checkpoint (task_id, attempt, step, share, uri, size_bytes)
    VALUES ('task_quota', 1, 1, 1, 'sha256:x', 3000)`;
  await strata.sql.query(artifact, [id]);
  await strata.sql.query(task, [id]);
  await strata.sql.query(checkpoint);
  await jobs.createJob(spec, {});
  await datasets.reserveUpload('jobs', 1_000);
  await assert.rejects(jobs.createJob(spec, {}), reached(/^10000 of 10000 bytes are stored.$/));
  await jobs.createJob(spec, { dryRun: true });
});

test('uploads that are gone from the disk are counted no longer, a day after they began', async () => {
  const { datasets } = service.forTenant('gone');
  await datasets.reserveUpload('kept', QUOTA / 2);
  await datasets.reserveUpload('lost', QUOTA / 2);
  await service.forgetUploads(['kept'], 3_600_000);
  await assert.rejects(datasets.reserveUpload('next', 1), reached(/^10000 of/));
  await service.forgetUploads(['kept'], 0);
  await datasets.reserveUpload('next', QUOTA / 2);
});

test('a download above the quota fails its dataset, and so do arrays that are larger than their upload', async (t) => {
  const count = 100;
  const images = makeNpy('|u1', [count, SIDE, SIDE], rawImages(count, SIDE * SIDE));
  const labels = makeNpy(
    '|u1',
    [count],
    Uint8Array.from({ length: count }, (_, index) => index % 2),
  );
  const archive = makeNpz({ x_train: images, y_train: labels });
  assert.ok(archive.length < QUOTA && images.length > QUOTA, `${archive.length} bytes make ${images.length}`);
  const server = createServer(({ url }, response) =>
    response.end(url === '/data.npz' ? archive : Buffer.alloc(QUOTA + 1)),
  ).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  await strata.startWorker({ STRATA_TENANT_BYTES: String(QUOTA), STRATA_OUTGOING_ALLOW: '127.0.0.1' });
  for (const file of ['data.npz', 'large.npz']) {
    const { datasets } = service.forTenant(file);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${file}`;
    const { id } = await datasets.createDataset(requestFor('fetched'), { url });
    const ended = await eventually(`${file} is validated`, async () => {
      const dataset = await datasets.getDataset(id);
      return dataset?.state !== 'validating' && dataset;
    });
    assert.equal(ended.state, 'failed');
    assert.deepEqual(
      ended.problems.map(({ code }) => code).filter((code) => code !== 'images_repeated'),
      ['quota_reached'],
    );
    // A failed upload takes nothing.
    await datasets.reserveUpload(file, QUOTA);
  }
});
