import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetFacts, ResolvedSpec } from '../src/contract/spec.js';
import { resolveSpec } from '../src/planning/spec/resolve.js';
import { createFolderStore } from '../src/storage/folder-store.js';
import { jobSpec, MNIST, type SpecChanges } from '../test/jobs/support/specs.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { drawImages, storeFolder } from './pipeline/folder.js';
import { type JobPace, runStages } from './pipeline/trainers.js';

/** Images of a folder, few and many: memory that grew with the folder would show. */
const COUNTS = [2_000, 20_000] as const;
const BATCH = 4;
const ROUNDS = 2;

export const benchmark: Benchmark = {
  name: 'pipeline',
  title: 'waiting for data and memory: ResNet-18 at 224x224 in two stages on 256x256 JPEGs, one thread each',
  run,
};

interface Row extends JobPace {
  readonly job: string;
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  const blobs = createFolderStore(folder);
  const roundSteps = Math.max(1, Math.ceil(steps / ROUNDS));
  const rows: Row[] = [];
  const measure = async (job: string, dataset: DatasetFacts, spec: ResolvedSpec): Promise<void> => {
    const row = { job, ...(await runStages(spec, dataset, ROUNDS, pathToFileURL(folder).href)) };
    say(linesOf(row).join('\n'));
    rows.push(row);
  };
  try {
    await measure('MNIST, decoded', MNIST, specOf(MNIST, SMALL, roundSteps));
    const drawn = await drawImages(Math.max(...COUNTS));
    for (const count of COUNTS) {
      const dataset = await storeFolder(blobs, drawn, count);
      await measure(`${count} JPEGs`, dataset, specOf(dataset, LARGE, roundSteps));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { lines: [HEAD, ...rows.flatMap(linesOf)], figures: { batch: BATCH, roundSteps, rows } };
}

const SMALL: SpecChanges = { model: { family: 'resnet', depth: 8, width: 16 }, batch_size: 128 };
const LARGE: SpecChanges = { model: { family: 'imagenet-resnet', depth: 18 }, batch_size: BATCH };

function specOf(dataset: DatasetFacts, changes: SpecChanges, roundSteps: number): ResolvedSpec {
  const method = { stages: 2, round_steps: roundSteps };
  const body = jobSpec({ dataset: dataset.name, epochs: 1, exports: [], ...changes, method });
  return resolveSpec(body, dataset, 1);
}

const HEAD =
  '                                images/s  waiting  preparing an image  peak memory of the trainer';

function linesOf({ job, tasks, peakMb }: Row): string[] {
  return tasks.map(({ task, stage, imagesPerSecond, dataWaitShare, preparingMs }) =>
    [
      `${job}, ${task}`.padEnd(30),
      imagesPerSecond.toFixed(1).padStart(8),
      `${(100 * dataWaitShare).toFixed(2)} %`.padStart(7),
      `${preparingMs.toFixed(2)} ms`.padStart(18),
      `${peakMb[stage]!.toFixed(0)} MB`.padStart(26),
    ].join('  '),
  );
}
