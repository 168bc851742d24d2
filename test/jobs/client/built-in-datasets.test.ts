import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Dataset } from '../../../src/contract/client/datasets.js';
import type { FetchedDataset } from '../../../src/contract/fetched-datasets.js';
import { gatherBuiltIn } from '../../../src/jobs/worker/imports/gather-built-in.js';
import { makeIdx, rawImages } from '../../datasets/support/arrays.js';
import { makeTar } from '../../datasets/support/tar.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
let folder: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  folder = join(strata.servers.home, 'datasets');
  await mkdir(join(folder, 'fashion-mnist'), { recursive: true });
  // Smaller than any official file: none is fetched whole where the network reaches it.
  await strata.startWorker({ STRATA_DATASETS: folder, STRATA_UPLOAD_LIMIT: '200000' });
});
after(() => strata.stop());

const createOn = (dataset: string) =>
  strata.client.jobs.createJob(smallJob({ dataset, batch_size: 4, max_train_samples: null }), {});
const datasetNamed = async (name: string): Promise<Dataset> =>
  (await strata.client.datasets.getDataset(name)) ?? assert.fail(`there is no ${name}`);
const settled = (name: string): Promise<Dataset> =>
  eventually(`${name} is imported`, async () => {
    const dataset = await datasetNamed(name);
    return dataset.state !== 'validating' && dataset;
  });

const LABELS = Uint8Array.from({ length: 20 }, (_, index) => index % 10);

test('a dry run or a plan downloads nothing', async () => {
  const spec = smallJob({ dataset: 'cifar-10', batch_size: 4, max_train_samples: null });
  const plan = {
    job: spec,
    devices: null,
    device_memory_bytes: null,
    link_bytes_per_second: 125_000_000,
    link_round_trip_seconds: 0,
  };
  const refused = { code: 'dataset_not_ready', detail: /imported when a job first names it/ };
  await assert.rejects(strata.client.jobs.createJob(spec, { dryRun: true }), refused);
  await assert.rejects(strata.client.plans.createPlan(plan), refused);
  assert.equal((await datasetNamed('cifar-10')).state, 'available');
});

test('a built-in dataset is imported from files of this machine when a job first names it, and is then trained on', async () => {
  for (const [split, seed] of [
    ['train', 0],
    ['t10k', 20],
  ] as const) {
    const images = makeIdx([20, 28, 28], rawImages(20, 784, seed));
    for (const [part, bytes] of [
      ['images-idx3', images],
      ['labels-idx1', makeIdx([20], LABELS)],
    ] as const)
      await writeFile(join(folder, `fashion-mnist/${split}-${part}-ubyte.gz`), gzipSync(bytes));
  }
  assert.deepEqual((await datasetNamed('fashion-mnist')).state, 'available');
  const asked = await Promise.allSettled([createOn('fashion-mnist'), createOn('fashion-mnist')]);
  for (const answer of asked)
    assert.equal(answer.status === 'rejected' && answer.reason.code, 'dataset_not_ready');
  const { state, problems, format, source, classes, image, splits } = await settled('fashion-mnist');
  assert.deepEqual([state, format, source?.kind], ['ready', 'mnist', 'built_in'], JSON.stringify(problems));
  assert.deepEqual(
    [classes.length, classes[9], image],
    [10, 'Ankle boot', { height: 28, width: 28, channels: 1 }],
  );
  assert.deepEqual([splits.train.count, splits.test.count], [20, 20]);
  assert.equal((await createOn('fashion-mnist')).job.spec.dataset, 'fashion-mnist');
});

test('a dataset that cannot be downloaded names the remedy, and is imported once its file exists', async () => {
  await assert.rejects(createOn('cifar-100'), {
    code: 'dataset_not_ready',
    detail: /used for the first time and is being imported/,
  });
  const failed = await settled('cifar-100');
  assert.equal(failed.state, 'failed');
  assert.equal(failed.problems[0]?.code, 'dataset_unavailable');
  assert.match(
    failed.problems[0]?.message ?? '',
    /Put cifar-100-binary\.tar\.gz from https:\/\/www\.cs\.toronto\.edu\/~kriz\/ into the folder that STRATA_DATASETS names/,
  );
  const records = (count: number, seed: number) => {
    const pixels = rawImages(count, 3072, seed);
    return Buffer.concat(
      Array.from({ length: count }, (_, at) =>
        Buffer.concat([Buffer.of(0, at % 100), pixels.subarray(at * 3072, (at + 1) * 3072)]),
      ),
    );
  };
  const archive = await makeTar(
    [
      { name: 'cifar-100-binary/train.bin', bytes: records(20, 0) },
      { name: 'cifar-100-binary/test.bin', bytes: records(20, 20) },
    ],
    true,
  );
  await writeFile(join(folder, 'cifar-100-binary.tar.gz'), archive);
  await assert.rejects(createOn('cifar-100'), { code: 'dataset_not_ready', detail: /now imported again/ });
  const { state, problems, classes } = await settled('cifar-100');
  assert.deepEqual([state, classes.length], ['ready', 20]);
  assert.ok(
    !problems.some(({ code }) => code === 'dataset_unavailable'),
    'what is mended is not told any more',
  );
});

test('bytes from an official address need their checksum, and several files become one archive', async () => {
  const bytes = [Buffer.alloc(700, 'a'), Buffer.alloc(1024, 'b')];
  const site = createServer(({ url }, answer) => answer.end(bytes[Number(url?.slice(1))])).listen(
    0,
    '127.0.0.1',
  );
  await once(site, 'listening');
  const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const files = bytes.map((content, index) => ({
    name: `${index}`,
    url: `${address}/${index}`,
    sha256: createHash('sha256').update(content).digest('hex'),
    sizeBytes: content.length,
  }));
  const dataset: FetchedDataset = { name: 'two', files, classes: null, debian: null };
  const options = {
    blobs: strata.blobs,
    policy: { allowedHosts: ['127.0.0.1'] },
    limits: { limitBytes: 1e6 },
    timeoutMs: 10_000,
  };
  const gather = (importId: string, changed: FetchedDataset) =>
    gatherBuiltIn({ importId, dataset: changed }, options, new AbortController().signal);
  try {
    const { sha256 } = await gather('import_two', dataset);
    const archive = await readFile(await strata.blobs.localPath('spool:import_two/source'));
    assert.equal(createHash('sha256').update(archive).digest('hex'), sha256);
    assert.ok(bytes.every((content) => archive.includes(content)));
    const wrong = files.map((file) => ({ ...file, sha256: '0'.repeat(64) }));
    await assert.rejects(
      gather('import_wrong', { ...dataset, files: wrong }),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, 'dataset_unavailable');
        assert.match(error.message, /^The bytes at .*\/0 have the sha256 .* not 0{64}\. Put 0, 1 from /);
        return true;
      },
    );
    assert.equal(await strata.blobs.exists('spool:import_wrong/source'), false);
  } finally {
    site.close();
    site.closeAllConnections();
  }
});
