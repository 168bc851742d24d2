import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetFacts } from '../../../src/contract/spec.js';
import type { BlobUri } from '../../../src/contract/trainer-protocol.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { addResult, readResults } from './results.js';
import { runJob, type Trained } from './run-job.js';
import type { Run } from './runs.js';

export interface StudyPlace {
  readonly home: string;
  readonly blobs: BlobStore;
  readonly datasets: ReadonlyMap<string, DatasetFacts>;
  say(line: string): void;
}

/** Trains the runs that have no line yet. */
export async function study(runs: readonly Run[], place: StudyPlace): Promise<void> {
  const done = new Set(readResults().map(({ run }) => run));
  for (const run of runs) {
    if (done.has(run.line.run)) continue;
    const { validation, test } = await train(run, place);
    addResult({ ...run.line, validation, test });
    place.say(`${new Date().toISOString()} ${run.line.run}: ${validation} ${test}`);
  }
}

async function train(run: Run, place: StudyPlace): Promise<Trained> {
  const { blobs, datasets, home } = place;
  const initial = run.from ? [await stateOf(run.from, place)] : [];
  const trained = await runJob({ spec: run.spec, dataset: datasets.get(run.dataset)!, blobs, initial });
  if (trained.state) await writeFile(fileOf(run, home), trained.state);
  return trained;
}

/** The weights of another run, which is trained again where this machine has none. */
async function stateOf(run: Run, place: StudyPlace): Promise<BlobUri> {
  const known = await readFile(fileOf(run, place.home), 'utf8').catch(() => null);
  if (known !== null) return known as BlobUri;
  const { state } = await train(run, place);
  if (state === null) throw new Error(`${run.line.run} leaves no weights to start from`);
  return state;
}

const fileOf = ({ line }: Run, home: string): string => join(home, line.run.replaceAll(/[^a-z0-9]+/gi, '-'));
