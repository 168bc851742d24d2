// node --import tsx bench/study/recipes/run.ts [--file cifar10-images.zip] [--home folder]: what each step of a recipe
// brings alone, and what pre-training does (docs/recipes.md). In this process and on one thread; it can be stopped at any
// time and goes on where it was, by the lines of bench/results/recipes.jsonl.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

// Before TensorFlow loads: another number of threads adds in another order.
for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'])
  process.env[name] = '1';
const { createFolderStore } = await import('../../../src/storage/folder-store.js');
const { storedDatasets } = await import('./images.js');
const { study } = await import('./study.js');
const { allRuns, CHOICES } = await import('./runs.js');

const { values } = parseArgs({
  options: { file: { type: 'string' }, home: { type: 'string', default: '.strata/recipes' } },
});
const home = resolve(values.home);
await mkdir(join(home, 'blobs'), { recursive: true });
const blobs = createFolderStore(join(home, 'blobs'));
const datasets = await storedDatasets(Object.values(CHOICES), home, blobs, values.file ?? null);
await study(allRuns(), { home, blobs, datasets, say: console.log });
