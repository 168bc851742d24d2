import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import type { BatchSetup } from '../src/contract/batch-protocol.js';
import type { BlobUri } from '../src/contract/blob-uri.js';
import { decodeManifest, splitOf } from '../src/contract/dataset-manifest.js';
import type { components } from '../src/contract/generated/openapi.js';
import { createSession, Tensor } from '../src/onnx/runtime.js';
import { predictImages } from '../src/predictor/batch/run.js';
import { loadAnswerer } from '../src/predictor/onnx.js';
import { Sessions } from '../src/predictor/sessions.js';
import type { BlobStore } from '../src/storage/blob-store.js';
import { openBlobStore } from '../src/storage/open.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { call, type RunningService, settled, startService, trained, upload } from './service.js';

type Schemas = components['schemas'];
type Point = Schemas['EvaluatedCascade']['points'][number];

const DATASET = 'cifar10-real';
const NAME = 'cascade';
const JOB = {
  ...{ dataset: DATASET, name: NAME, epochs: 12, batch_size: 100, max_train_samples: 20_000 },
  recipe: 'cifar@1',
  model: { depth: 14, width: 8 },
  method: { type: 'augmented-lagrangian', stages: 3 },
  optimizer: { learning_rate: 0.1 },
};
/** The accuracy that a cascade may lose against the full network. */
const MAX_LOSS = 0.002;
const PART = 1_000;
const BATCH = 128;

export const benchmark: Benchmark = {
  name: 'cascade',
  title:
    'full and compact network of a job of 12 epochs of 20,000 images on the 10,000 test images of CIFAR-10, cascades of both, and bare ONNX Runtime',
  run,
};

/** With `BENCH_HOME`, the service keeps its images and its model there for the next run. */
async function run({ file, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const home = process.env.BENCH_HOME;
  const service = await startService({ ...(home && { STRATA_HOME: home }), STRATA_THREADS: '1' });
  try {
    const dataset = await datasetOf(service, file);
    const job = await jobOf(service);
    const { model_id: id } = job.result ?? {};
    say(`… ${id}: ${percent(job.result?.test_accuracy)} of the test images`);
    const created = await call<Schemas['Evaluation']>(service, '/evaluations', {
      ...{ model: id, dataset: DATASET, cascade: true },
    });
    const path = `/evaluations/${created.id}`;
    const { figures } = await settled<Schemas['Evaluation']>(service, path, 'queued', 'running');
    if (!figures?.cascade) throw new Error('the evaluation has no cascade');
    const point = cheapest(figures.cascade.points, figures.accuracy - MAX_LOSS);
    const blobs = openBlobStore(pathToFileURL(join(service.home, 'blobs')).href);
    const setup = await setupOf(blobs, dataset, await servedBy(service, id));
    const rates = await ratesOf(blobs, setup, point.threshold);
    return reportOf(figures.accuracy, figures.cascade, point, rates);
  } finally {
    await service.stop();
  }
}

async function datasetOf(service: RunningService, file: string | null): Promise<Schemas['Dataset']> {
  const { data } = await call<Schemas['DatasetList']>(service, '/datasets');
  const known = data.find(({ name, state }) => name === DATASET && state === 'ready');
  if (known) return known;
  if (file === null)
    throw new Error('the cascade needs CIFAR-10: npm run bench -- cascade --file cifar10-images.zip');
  return upload(service, DATASET, new Blob([await readFile(file)]), 'cifar10.zip');
}

async function jobOf(service: RunningService): Promise<Schemas['Job']> {
  const { data } = await call<Schemas['JobList']>(service, '/jobs?state=succeeded');
  return data.find(({ name }) => name === NAME) ?? (await trained(service, JOB)).job;
}

/** The fastest cascade of at least this accuracy. The one of threshold 1 asks the full network almost always. */
function cheapest(points: readonly Point[], accuracy: number): Point {
  const [best] = points.filter((point) => point.accuracy >= accuracy).sort((a, b) => a.seconds - b.seconds);
  if (best === undefined) throw new Error('no cascade is as accurate as the full network');
  return best;
}

type Serving = Readonly<Record<'full' | 'compact', BlobUri>>;

/** The files that predictions run. */
async function servedBy({ databaseUrl }: RunningService, id: string | null | undefined): Promise<Serving> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ serving: Serving }>('SELECT serving FROM model WHERE id = $1', [id]);
  await client.end();
  const [row] = rows;
  if (row === undefined) throw new Error(`${id} is no model`);
  return row.serving;
}

async function setupOf(
  blobs: BlobStore,
  { sha256 }: Schemas['Dataset'],
  { full, compact }: Serving,
): Promise<BatchSetup> {
  const manifest = `sha256:${sha256}` as const;
  const { image, storage, classes } = decodeManifest(await blobs.get(manifest));
  return {
    ...{ network: full, variant: 'full', image, storage, classes, manifest, split: 'test' },
    ...{ format: 'jsonl', topK: 1, embedding: false },
    cascade: { compact, threshold: 1 },
  };
}

interface Rates {
  /** Images a second. */
  readonly bare: number;
  readonly batch: number;
  readonly cascade: number;
}

/** Each part is done by all three, one after another, so that whatever slows the machine slows all. */
async function ratesOf(blobs: BlobStore, setup: BatchSetup, threshold: number): Promise<Rates> {
  const sessions = new Sessions((uri) => loadAnswerer(blobs, uriOf(uri), 1), 2 ** 30);
  const bare = await bareNetwork(blobs, setup);
  const { count } = splitOf(await manifestOf(blobs, setup), 'test');
  const seconds: Record<keyof Rates, number[]> = { bare: [], batch: [], cascade: [] };
  const timed = async (name: keyof Rates, work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    seconds[name].push((performance.now() - started) / 1_000);
  };
  const asked = { blobs, sessions, onProgress: () => undefined };
  for (let first = 0; first < count; first += PART) {
    const part = { kind: 'predictions', first, count: PART } as const;
    const alone = { ...setup, cascade: null };
    const both = { ...setup, cascade: setup.cascade && { ...setup.cascade, threshold } };
    await timed('bare', () => bare(first));
    await timed('batch', () => predictImages(asked, { ...part, setup: alone }));
    await timed('cascade', () => predictImages(asked, { ...part, setup: both }));
  }
  const rateOf = (name: keyof Rates): number => PART / median(seconds[name]);
  return { bare: rateOf('bare'), batch: rateOf('batch'), cascade: rateOf('cascade') };
}

const uriOf = (uri: string) => `sha256:${uri.replace('sha256:', '')}` as const;

async function manifestOf(blobs: BlobStore, { manifest }: BatchSetup) {
  if (manifest === null) throw new Error('the images must be those of a dataset');
  return decodeManifest(await blobs.get(manifest));
}

/** The full network on the images of a part, by ONNX Runtime and nothing else. Its answers are thrown away. */
async function bareNetwork(blobs: BlobStore, setup: BatchSetup) {
  const { network, image } = setup;
  const session = await createSession(await blobs.get(network), {
    ...{ intraOpNumThreads: 1, interOpNumThreads: 1, enableCpuMemArena: false },
  });
  const { images } = splitOf(await manifestOf(blobs, setup), 'test');
  const size = image.height * image.width * image.channels;
  return async (first: number): Promise<void> => {
    const pixels = Float32Array.from(await blobs.readRange(images, first * size, PART * size));
    for (let start = 0; start < PART; start += BATCH) {
      const count = Math.min(BATCH, PART - start);
      const values = pixels.slice(start * size, (start + count) * size);
      const shape = [count, image.height, image.width, image.channels];
      await session.run({ pixels: new Tensor('float32', values, shape) });
    }
  };
}

function reportOf(
  accuracy: number,
  cascade: Schemas['EvaluatedCascade'],
  point: Point,
  rates: Rates,
): BenchmarkReport {
  const shown = cascade.points.filter(({ threshold }) => SHOWN.includes(threshold));
  return {
    lines: [
      'threshold  accuracy  by compact  seconds',
      ...shown.map(line),
      '',
      `full network alone:    ${percent(accuracy)} in ${cascade.full_seconds.toFixed(2)} s`,
      `compact network alone: ${percent(cascade.compact_accuracy)} in ${cascade.compact_seconds.toFixed(2)} s`,
      `at most 0.2 points below the full network: threshold ${point.threshold}, ${percent(point.accuracy)},`,
      `the compact network answers ${percent(point.by_compact)} of the images, ${saved(point.seconds / cascade.full_seconds)}`,
      ...(cascade.compact_accuracy >= accuracy ? [NOTE] : []),
      '',
      'images a second, one thread, parts of 1,000 in turn:',
      `bare ONNX Runtime, full network   ${rates.bare.toFixed(0).padStart(6)}`,
      `batch prediction, full network    ${rates.batch.toFixed(0).padStart(6)}  (${(rates.batch / rates.bare).toFixed(2)} of it)`,
      `batch prediction, this cascade    ${rates.cascade.toFixed(0).padStart(6)}  (${(rates.cascade / rates.bare).toFixed(2)} of it)`,
    ],
    figures: { accuracy, cascade, chosen: point, rates },
  };
}

/** The job is short, so that the benchmark is. */
const NOTE =
  'so brief a job leaves the full network no better than the compact one: train longer before choosing a threshold';

const SHOWN = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

const line = ({ threshold, accuracy, by_compact, seconds }: Point): string =>
  [
    String(threshold).padStart(9),
    percent(accuracy).padStart(8),
    percent(by_compact).padStart(10),
    seconds.toFixed(2).padStart(7),
  ].join('  ');

const saved = (share: number): string =>
  share <= 1 ? `${percent(1 - share)} of the time saved` : `${percent(share - 1)} more time`;

const percent = (share: number | undefined): string => `${(100 * (share ?? 0)).toFixed(1)} %`;
