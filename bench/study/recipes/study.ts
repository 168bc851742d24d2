import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetFacts } from '../../../src/contract/spec.js';
import type { BlobUri } from '../../../src/contract/trainer-protocol.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { addResult, readResults } from './results.js';
import { runJob } from './run-job.js';
import type { Run } from './runs.js';

export interface StudyPlace {
  readonly home: string;
  readonly blobs: BlobStore;
  readonly datasets: ReadonlyMap<string, DatasetFacts>;
  say(line: string): void;
}

/** Trains the runs that have no line yet, and those again whose weights another one needs and nobody has. */
export async function study(runs: readonly Run[], place: StudyPlace): Promise<void> {
  const done = new Set(readResults().map(({ run }) => run));
  for (const run of runs) if (!done.has(run.line.run)) await trainRun(run, place, true);
}

/** @returns the state at its end */
async function trainRun(run: Run, place: StudyPlace, isNew: boolean): Promise<BlobUri[]> {
  const { blobs, datasets, home, say } = place;
  const initial = run.from ? await statesOf(run.from, place) : [];
  const successes = await runJob({
    spec: run.spec,
    dataset: datasets.get(run.dataset)!,
    blobs,
    initial,
  });
  const { result } = successes.get('finalize')!;
  const states = [...successes].filter(([key]) => key.startsWith('stage-') || key.startsWith('end_to_end-'));
  const last = states.at(-1)![1].outputs.state;
  if (last) await writeFile(fileOf(run, home), last.uri);
  if (isNew) {
    const { validation_accuracy: validation, test_accuracy: test, auxiliary_error_before_1: error } = result;
    addResult({ ...run.line, validation: validation!, test: test!, auxiliaryError: error ?? null });
    say(`${new Date().toISOString()} ${run.line.run}: ${validation} ${test}`);
  }
  return last ? [last.uri] : [];
}

async function statesOf(run: Run, place: StudyPlace): Promise<BlobUri[]> {
  const known = await readFile(fileOf(run, place.home), 'utf8').catch(() => null);
  return known === null ? await trainRun(run, place, false) : [known as BlobUri];
}

const fileOf = ({ line }: Run, home: string): string => join(home, line.run.replaceAll(/[^a-z0-9]+/gi, '-'));
