import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { components } from '../src/contract/generated/openapi.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { type Memory, memoryOf, sumOf, watchMemory } from './import/memory.js';
import { call, type RunningService, settled, startService } from './service.js';

export const benchmark: Benchmark = {
  name: 'import',
  title:
    'from an archive on disk to a job that has succeeded on it, and the memory of the whole service meanwhile',
  run,
};

const EVERY_MS = 400;
/** Longer than an idle trainer is kept. */
const SETTLED_MS = 75_000;
const JOB = {
  model: { depth: 8 },
  method: { stages: 2 },
  epochs: 1,
  max_train_samples: 1024,
  batch_size: 64,
  exports: [],
};

type Schemas = components['schemas'];

async function run({ file, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  if (file === null)
    throw new Error('import needs the archive to upload: npm run bench -- import --file PATH');
  const service = await startService();
  try {
    const started = memoryOf(service.pids);
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    await upload(service, resolve(file));
    const uploadedS = seconds();
    const importing = watchMemory(service.pids, EVERY_MS);
    const dataset = await settled<Schemas['Dataset']>(service, '/datasets/bench', 'validating');
    const readyS = seconds();
    const peak = await importing.stop();
    if (dataset.state !== 'ready') throw new Error(JSON.stringify(dataset.problems));
    say(`… ready after ${readyS.toFixed(1)} s`);
    const training = watchMemory(service.pids, EVERY_MS);
    const { id } = await call<Schemas['Job']>(service, '/jobs', { ...JOB, dataset: 'bench' });
    const job = await settled<Schemas['Job']>(
      service,
      `/jobs/${id}`,
      'queued',
      'preparing',
      'running',
      'finalizing',
    );
    const succeededS = seconds();
    const trainingPeak = await training.stop();
    if (job.state !== 'succeeded') throw new Error(JSON.stringify(job.error));
    await delay(SETTLED_MS);
    const idle = memoryOf(service.pids);
    const images = dataset.splits.train.count + dataset.splits.test.count;
    const memory = { started, importing: peak, training: trainingPeak, idle };
    return {
      lines: [
        `${images} images: uploaded after ${uploadedS.toFixed(1)} s, ready after ${readyS.toFixed(1)} s, a job on them succeeded after ${succeededS.toFixed(1)} s`,
        '',
        ...tableOf(memory),
      ],
      figures: {
        images,
        uploadedS,
        readyS,
        succeededS,
        pssMb: mapEntries(memory, (of) => Object.fromEntries(of)),
      },
    };
  } finally {
    await service.stop();
  }
}

/** Uploads the archive as a user does. */
async function upload({ url }: RunningService, path: string): Promise<void> {
  const form = ['-F', 'name=bench', '-F', `file=@${path}`];
  await promisify(execFile)('curl', ['--silent', '--show-error', '--fail', ...form, `${url}/datasets`]);
}

/** A column a moment, a row a kind of process. */
function tableOf(moments: Readonly<Record<string, Memory>>): string[] {
  const names = [...new Set(Object.values(moments).flatMap((memory) => [...memory.keys()]))];
  const row = (name: string, values: readonly number[]) =>
    name.padEnd(12) + values.map((value) => value.toFixed(0).padStart(10)).join('');
  const all = Object.values(moments);
  return [
    `${'PSS in MB'.padEnd(12)}${Object.keys(moments)
      .map((moment) => moment.padStart(10))
      .join('')}`,
    ...names.map((name) =>
      row(
        name,
        all.map((memory) => memory.get(name) ?? 0),
      ),
    ),
    row('together', all.map(sumOf)),
  ];
}

function mapEntries<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
