import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ROOT } from '../../../src/service/root.js';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { type Files, storedDatasets } from './images.js';
import { RECIPES_PAGE, renderRecipesPage } from './page.js';
import { allRuns, CHOICES } from './runs.js';

/**
 * The study of docs/recipes.md: what each step of a recipe brings alone, and what pre-training does. In this process and
 * on one thread; it can be stopped at any time and goes on where it was, by the lines of bench/results/recipes.jsonl.
 */
export async function studyRecipes(folder: string, files: Files): Promise<void> {
  // Before TensorFlow loads: another number of threads adds in another order.
  for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'])
    process.env[name] = '1';
  const { study } = await import('./study.js');
  const home = resolve(folder);
  await mkdir(join(home, 'blobs'), { recursive: true });
  const blobs = createFolderStore(join(home, 'blobs'));
  const datasets = await storedDatasets(Object.values(CHOICES), home, blobs, files);
  await study(allRuns(), { home, blobs, datasets, say: console.log });
  await writeFile(join(ROOT, RECIPES_PAGE), await renderRecipesPage());
}
