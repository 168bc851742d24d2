import { isDeepStrictEqual } from 'node:util';
import type { EndedJob } from './jobs.js';
import { isSerial, type Row } from './rows.js';
import { type StepSeconds, virtualEnds } from './virtual-time.js';

/** One job. Accuracies are shares of the test images unless they say otherwise, of the full network but for `compact`. */
export interface Outcome {
  readonly row: string;
  readonly seed: number;
  readonly jobId: string;
  readonly accuracy: number;
  /** Share of the validation images, by which rows are chosen. */
  readonly validation: number;
  /** Share of the validation images at the end of the layer-parallel phase, where another phase follows; null otherwise. */
  readonly beforeJoining: number | null;
  /** Null where the method has no compact network. */
  readonly compact: number | null;
  /**
   * Seconds of training with one device per stage, from the measured times of steps; without evaluations and
   * exports; null where no times were measured.
   */
  readonly seconds: number | null;
  /** Validation accuracy over those seconds. */
  readonly curve: readonly (readonly [seconds: number, accuracy: number])[];
}

export function outcomeOf(
  row: Row,
  seed: number,
  ended: EndedJob,
  trainCount: number,
  steps: StepSeconds | undefined,
): Outcome {
  const { job, tasks } = ended;
  const ends = steps && virtualEnds(ended, trainCount, steps);
  const evaluated = tasks
    .filter(({ kind }) => kind === 'evaluate')
    .map(({ key, round, result }) => ({
      at: ends?.get(key) ?? null,
      round: round!,
      accuracy: accuracyIn(result),
    }))
    .toSorted((a, b) => a.round - b.round);
  const seconds = ends?.get('finalize') ?? null;
  const { test_accuracy: accuracy, compact_accuracy: compact } = job.result!;
  const validation = job.result!.validation_accuracy!;
  const joins = row.method.stages > 1 && job.spec.method.end_to_end_share! > 0;
  return {
    row: row.name,
    seed,
    jobId: job.id,
    accuracy,
    validation,
    beforeJoining: joins ? (evaluated.at(-1)?.accuracy ?? null) : null,
    compact,
    seconds,
    curve: [...evaluated, { at: seconds, accuracy: validation }].flatMap((point) =>
      point.at === null ? [] : [[point.at, point.accuracy] as const],
    ),
  };
}

function accuracyIn(result: EndedJob['tasks'][number]['result']): number {
  const accuracy = result?.validation_accuracy;
  if (typeof accuracy !== 'number') throw new TypeError('an evaluation has no validation_accuracy');
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
  readonly seeds: readonly number[];
  readonly validation: Figure;
  readonly accuracy: Figure;
  readonly beforeJoining: Figure | null;
  readonly compact: Figure | null;
  /** Over the time of the shortest back-propagation; null where no times were measured. */
  readonly timeShare: number | null;
  /**
   * Mean accuracy above back-propagation's in the same time or the next longer one that was run, over the same seeds; null
   * where there is none.
   */
  readonly overReference: number | null;
  /** Mean accuracy above back-propagation's after as many epochs, where the study has that. */
  readonly overSameEpochs: number | null;
}

/** Rows that have run, each compared with the seeds that both have. */
export function summarize(rows: readonly Row[], outcomes: readonly Outcome[]): RowFigures[] {
  const own = ({ name }: Row) => outcomes.filter((outcome) => outcome.row === name);
  const over = (runs: readonly Outcome[], other: Row | undefined) => {
    const theirs = other ? own(other) : [];
    const pairs = runs.flatMap((run) =>
      theirs.filter(({ seed }) => seed === run.seed).map((peer) => [run, peer] as const),
    );
    return pairs.length > 0 ? mean(pairs.map(([run, peer]) => run.accuracy - peer.accuracy)) : null;
  };
  return rows.flatMap((row) => {
    const runs = own(row);
    if (runs.length === 0) return [];
    const isLike = (other: Row) =>
      isSerial(other) && other.images === row.images && isDeepStrictEqual(other.changes, row.changes);
    const [base] = rows.filter(isLike);
    const { seconds } = runs[0]!;
    const inThatTime =
      seconds === null ? undefined : rows.find((other) => isLike(other) && hasTime(own(other)[0], seconds));
    const serial = rows.find((other) => isLike(other) && other.epochs === row.epochs);
    const timeShare = shareOf(seconds, base && own(base)[0]?.seconds);
    return {
      row: row.name,
      stages: row.method.stages,
      epochs: row.epochs,
      seeds: runs.map(({ seed }) => seed),
      validation: figure(runs.map((run) => run.validation))!,
      accuracy: figure(runs.map((run) => run.accuracy))!,
      beforeJoining: figure(runs.map((run) => run.beforeJoining)),
      compact: figure(runs.map((run) => run.compact)),
      timeShare,
      overReference: isSerial(row) ? null : over(runs, inThatTime),
      overSameEpochs: isSerial(row) ? null : over(runs, serial),
    };
  });
}

/** Times of steps differ by some percent from run to run. */
const LEAST_SHARE = 0.95;

/** Whether back-propagation trained for as long: the shortest such row is the peer. */
const hasTime = (serial: Outcome | undefined, seconds: number): boolean =>
  (serial?.seconds ?? 0) >= LEAST_SHARE * seconds;

const shareOf = (seconds: number | null, of: number | null | undefined): number | null =>
  seconds === null || !of ? null : seconds / of;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function figure(found: readonly (number | null)[]): Figure | null {
  const values = found.filter((value) => value !== null);
  if (values.length === 0) return null;
  const spread = values.length > 1 ? (Math.max(...values) - Math.min(...values)) / 2 : null;
  return { mean: mean(values), spread };
}
