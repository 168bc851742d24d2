import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../src/service/root.js';

/** One finished run of the study per line. */
export const RECIPES_FILE = 'bench/results/recipes.jsonl';

export interface Result {
  /** Name of the run, unique. */
  readonly run: string;
  readonly part: 'steps' | 'worth';
  /** The step, or how a job of `worth` started. */
  readonly row: string;
  readonly side: number;
  readonly method: string;
  readonly stages: number;
  readonly seed: number;
  /** Accuracies are shares of the images, of the full network. */
  readonly validation: number;
  readonly test: number;
}

export function readResults(): Result[] {
  const path = join(ROOT, RECIPES_FILE);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Result);
}

export function addResult(result: Result): void {
  appendFileSync(join(ROOT, RECIPES_FILE), `${JSON.stringify(result)}\n`);
}
