import type { components } from '../../contract/generated/openapi.js';
import study from './study-results.json' with { type: 'json' };

type PlanAccuracy = components['schemas']['PlanAccuracy'];

/** A way to train, as far as accuracy depends on it. */
export interface Trained {
  readonly method: string;
  readonly stages: number;
  readonly replicas: number;
  /** Devices that share the steps of each stage. Absent: 1. The study has no other. */
  readonly stageReplicas?: number;
  /** Whether stages that train apart are joined and trained end to end at the end. */
  readonly joined: boolean;
}

/** A row of the study: what a way to train reached, as shares of the test images, a seed each. */
export interface Studied extends Trained {
  readonly epochs: number;
  readonly accuracies: readonly number[];
}

/** Results of `npm run study:epochs`, committed with the code (docs/accuracy.md). */
export const STUDY: readonly Studied[] = study.rows;

/** Differences below this are within the spread of the seeds. */
const LEVEL_POINTS = 1;
const FAR_BEHIND_POINTS = 5;

/** Accuracy after as many epochs as back-propagation on one device, by the nearest row of the study. */
export function accuracyOf(way: Trained, rows: readonly Studied[] = STUDY): PlanAccuracy {
  if (isReference(way, rows)) return { class: 'reference', points: 0, studied: null };
  const nearest = (way.stageReplicas ?? 1) > 1 ? undefined : nearestOf(way, rows);
  const points = nearest && pointsOver(nearest, rows);
  if (nearest === undefined || points === undefined) {
    return { class: 'unmeasured', points: null, studied: null };
  }
  const { stages, replicas, epochs, accuracies } = nearest;
  return { class: classOf(points), points, studied: { stages, replicas, epochs, seeds: accuracies.length } };
}

function nearestOf(way: Trained, rows: readonly Studied[]): Studied | undefined {
  return rows
    .filter((row) => isLike(row, way) && referenceAfter(row.epochs, rows) !== undefined)
    .toSorted((a, b) => distance(a, way) - distance(b, way))[0];
}

/**
 * Factor of epochs that makes up for `points`, which are negative where a method is behind: by the growth of
 * back-propagation's accuracy with the logarithm of its epochs, between its first and its last row.
 */
export function epochsFor(points: number | null, rows: readonly Studied[] = STUDY): number {
  const serial = rows.filter((row) => isReference(row, rows)).toSorted((a, b) => a.epochs - b.epochs);
  const [first, last] = [serial[0], serial.at(-1)];
  if (points === null || first === undefined || last === undefined || first === last) return 1;
  const gained = 100 * (mean(last.accuracies) - mean(first.accuracies));
  return gained > 0 ? (last.epochs / first.epochs) ** (-points / gained) : 1;
}

function classOf(points: number): PlanAccuracy['class'] {
  if (points > LEVEL_POINTS) return 'ahead';
  if (points >= -LEVEL_POINTS) return 'level';
  return points >= -FAR_BEHIND_POINTS ? 'behind' : 'far_behind';
}

/** The first row of a study is what all others are compared with. */
function isReference(way: Trained, [reference]: readonly Studied[]): boolean {
  return way.method === reference?.method && way.stages === 1 && way.replicas === 1;
}

function referenceAfter(epochs: number, rows: readonly Studied[]): Studied | undefined {
  return rows.find((row) => row.epochs === epochs && isReference(row, rows));
}

function isLike(row: Studied, way: Trained): boolean {
  const alone = ({ stages, replicas }: Trained) => stages === 1 && replicas === 1;
  return row.method === way.method && row.joined === way.joined && alone(row) === alone(way);
}

const devices = ({ stages, replicas }: Trained): number => Math.max(stages, replicas);
const distance = (row: Studied, way: Trained): number => Math.abs(Math.log(devices(row) / devices(way)));

/** Mean difference over the seeds that both rows have, in points of percent. */
function pointsOver(row: Studied, rows: readonly Studied[]): number | undefined {
  const reference = referenceAfter(row.epochs, rows);
  if (reference === undefined) return undefined;
  const seeds = Math.min(row.accuracies.length, reference.accuracies.length);
  const difference = mean(row.accuracies.slice(0, seeds)) - mean(reference.accuracies.slice(0, seeds));
  return Number((100 * difference).toFixed(1));
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
