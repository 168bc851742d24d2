import type { EndedJob } from './jobs.js';
import { isSerial, REFERENCE, type Row } from './rows.js';
import { type StepSeconds, virtualEnds } from './virtual-time.js';

/** One job. Accuracies are shares of the test images, of the full network but for `compact`. */
export interface Outcome {
  readonly row: string;
  readonly seed: number;
  readonly jobId: string;
  readonly accuracy: number;
  /** At the end of the layer-parallel phase; null where there is none. */
  readonly beforeJoining: number | null;
  /** Null where the method has no compact network. */
  readonly compact: number | null;
  /**
   * Seconds of training with one device per stage, from the measured times of steps; without evaluations and
   * exports.
   */
  readonly seconds: number;
  /** Test accuracy over those seconds. */
  readonly curve: readonly (readonly [seconds: number, accuracy: number])[];
}

export function outcomeOf(
  row: Row,
  seed: number,
  ended: EndedJob,
  trainCount: number,
  steps: StepSeconds,
): Outcome {
  const { job, tasks } = ended;
  const ends = virtualEnds(ended, trainCount, steps);
  const evaluated = tasks
    .filter(({ kind }) => kind === 'evaluate')
    .map(({ key, result }) => [ends.get(key)!, accuracyIn(result)] as const)
    .toSorted(([a], [b]) => a - b);
  const seconds = ends.get('finalize')!;
  const { test_accuracy: accuracy, compact_accuracy: compact } = job.result!;
  const staged = row.method.stages > 1;
  return {
    row: row.name,
    seed,
    jobId: job.id,
    accuracy,
    beforeJoining: staged ? (evaluated.at(-1)?.[1] ?? null) : null,
    compact,
    seconds,
    curve: [...evaluated, [seconds, accuracy]],
  };
}

function accuracyIn(result: EndedJob['tasks'][number]['result']): number {
  const accuracy = result?.test_accuracy;
  if (typeof accuracy !== 'number') throw new TypeError('an evaluation has no test_accuracy');
  return accuracy;
}

export interface Figure {
  readonly mean: number;
  /** Spread over the seeds: half the distance from the minimum to the maximum; null for one seed. */
  readonly spread: number | null;
}

/** A row over its seeds. */
export interface RowFigures {
  readonly row: string;
  readonly stages: number;
  readonly epochs: number;
  readonly accuracy: Figure;
  readonly beforeJoining: Figure | null;
  readonly compact: Figure | null;
  /** Over the reference's: at most 1 in a comparison at equal time. */
  readonly timeShare: number;
  /** Mean accuracy above the reference's over the same seeds, which has the same time. */
  readonly overReference: number | null;
  /** Mean accuracy above back-propagation's after as many epochs, where the study has that. */
  readonly overSameEpochs: number | null;
}

export function summarize(rows: readonly Row[], outcomes: readonly Outcome[]): RowFigures[] {
  const own = ({ name }: Row) => outcomes.filter((outcome) => outcome.row === name);
  const meanOf = (row: Row, runs: readonly Outcome[]) => {
    const seeds = runs.map(({ seed }) => seed);
    const same = own(row).filter(({ seed }) => seeds.includes(seed));
    return same.length > 0 ? mean(same.map(({ accuracy }) => accuracy)) : Number.NaN;
  };
  const referenceSeconds = own(REFERENCE)[0]!.seconds;
  return rows.map((row) => {
    const runs = own(row);
    const accuracy = figure(runs.map((run) => run.accuracy))!;
    const serial = rows.find((other) => isSerial(other) && other.epochs === row.epochs);
    return {
      row: row.name,
      stages: row.method.stages,
      epochs: row.epochs,
      accuracy,
      beforeJoining: figure(runs.map((run) => run.beforeJoining)),
      compact: figure(runs.map((run) => run.compact)),
      timeShare: runs[0]!.seconds / referenceSeconds,
      overReference: isSerial(row) ? null : accuracy.mean - meanOf(REFERENCE, runs),
      overSameEpochs: isSerial(row) || serial === undefined ? null : accuracy.mean - meanOf(serial, runs),
    };
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function figure(found: readonly (number | null)[]): Figure | null {
  const values = found.filter((value) => value !== null);
  if (values.length === 0) return null;
  const spread = values.length > 1 ? (Math.max(...values) - Math.min(...values)) / 2 : null;
  return { mean: mean(values), spread };
}
