import type { components } from '../../contract/generated/openapi.js';
import equalTime from './study-at-equal-time.json' with { type: 'json' };
import equalEpochs from './study-results.json' with { type: 'json' };

type PlanAccuracy = components['schemas']['PlanAccuracy'];
type Basis = NonNullable<PlanAccuracy['studied']>['reference'];

/** A way to train, as far as accuracy depends on it. */
export interface Trained {
  readonly method: string;
  readonly stages: number;
  readonly replicas: number;
  /** Devices that share the steps of each stage. Absent: 1. The study has no other. */
  readonly stageReplicas?: number;
  /** Whether stages that train apart are joined and trained end to end at the end. */
  readonly joined: boolean;
  /** Whether it takes a step between rounds (`method.outer`). */
  readonly outer: boolean;
}

/** A row of a study: what a way to train reached, as shares of the test images, one for each seed, from seed 1 on. */
export interface Studied extends Trained {
  readonly epochs: number;
  readonly accuracies: readonly number[];
}

/** Rows of one network and dataset. The first one is back-propagation on one device, the reference of all others. */
export type Study = readonly Studied[];

/** Results of `npm run study` and of `npm run study:epochs`, committed with the code (docs/accuracy.md); the newer one first. */
export const STUDIES: readonly Study[] = [equalTime.rows, equalEpochs.rows];

/** Differences below this are within the spread of the seeds. */
const LEVEL_POINTS = 1;
const FAR_BEHIND_POINTS = 5;

/** The studies' verdict on a way to train. */
export interface Judged {
  /** After as many epochs as back-propagation on one device. */
  readonly accuracy: PlanAccuracy;
  /** Factor of epochs after which it is as accurate as back-propagation on one device. 1 where this is unknown. */
  readonly epochs: number;
}

/** Judges by the nearest row of all studies, of the newer one where two are as near. */
export function judge(way: Trained, studies: readonly Study[] = STUDIES): Judged {
  if (studies.some((study) => isReference(way, study))) {
    return { accuracy: { class: 'reference', points: 0, studied: null }, epochs: 1 };
  }
  const [nearest] = (way.stageReplicas ?? 1) > 1 ? [] : comparable(way, studies);
  if (nearest === undefined) {
    return { accuracy: { class: 'unmeasured', points: null, studied: null }, epochs: 1 };
  }
  const { row, study, points, reference } = nearest;
  const { stages, replicas, epochs, accuracies } = row;
  const studied = { stages, replicas, epochs, seeds: accuracies.length, reference };
  return { accuracy: { class: classOf(points), points, studied }, epochs: epochsFor(points, study) };
}

interface Comparable {
  readonly row: Studied;
  readonly study: Study;
  readonly points: number;
  readonly reference: Basis;
}

/** The rows of this kind, the nearest first. */
function comparable(way: Trained, studies: readonly Study[]): Comparable[] {
  return studies
    .flatMap((study) =>
      study
        .filter((row) => isLike(row, way))
        .flatMap((row) => {
          const found = pointsOver(row, study);
          return found === null ? [] : [{ row, study, ...found }];
        }),
    )
    .toSorted((a, b) => distance(a.row, way) - distance(b.row, way));
}

/**
 * Factor of epochs that makes up for `points`, which are negative where a method is behind: by the growth of
 * back-propagation's accuracy with the logarithm of its epochs.
 */
export function epochsFor(points: number, study: Study): number {
  const gained = 100 * growthOf(study);
  return gained > 0 ? Math.exp(-points / gained) : 1;
}

function classOf(points: number): PlanAccuracy['class'] {
  if (points > LEVEL_POINTS) return 'ahead';
  if (points >= -LEVEL_POINTS) return 'level';
  return points >= -FAR_BEHIND_POINTS ? 'behind' : 'far_behind';
}

function isReference(way: Trained, [reference]: Study): boolean {
  return way.method === reference?.method && way.stages === 1 && way.replicas === 1;
}

/** Back-propagation on one device, from the fewest epochs to the most. */
function referencesOf(study: Study): Studied[] {
  return study.filter((row) => isReference(row, study)).toSorted((a, b) => a.epochs - b.epochs);
}

/** Accuracy that back-propagation gains where the logarithm of its epochs grows by 1, between its first and its last row. */
function growthOf(study: Study): number {
  const references = referencesOf(study);
  const [first, last] = [references[0], references.at(-1)];
  if (first === undefined || last === undefined || first === last) return 0;
  const seeds = Math.min(first.accuracies.length, last.accuracies.length);
  return (meanOf(last, seeds) - meanOf(first, seeds)) / Math.log(last.epochs / first.epochs);
}

function isLike(row: Studied, way: Trained): boolean {
  const alone = ({ stages, replicas }: Trained) => stages === 1 && replicas === 1;
  return (
    row.method === way.method &&
    row.joined === way.joined &&
    row.outer === way.outer &&
    alone(row) === alone(way)
  );
}

const devices = ({ stages, replicas }: Trained): number => Math.max(stages, replicas);
const distance = (row: Studied, way: Trained): number => Math.abs(Math.log(devices(row) / devices(way)));

/**
 * Difference to back-propagation after as many epochs, over the seeds that both have, in points of percent. Where it has no row
 * after so many epochs, it is estimated from its nearest row by its growth. Null without any row of it.
 */
function pointsOver(row: Studied, study: Study): Pick<Comparable, 'points' | 'reference'> | null {
  const between = ({ epochs }: Studied) => Math.log(row.epochs / epochs);
  const [nearest] = referencesOf(study).toSorted((a, b) => Math.abs(between(a)) - Math.abs(between(b)));
  if (nearest === undefined) return null;
  const seeds = Math.min(row.accuracies.length, nearest.accuracies.length);
  const expected = meanOf(nearest, seeds) + growthOf(study) * between(nearest);
  const points = Number((100 * (meanOf(row, seeds) - expected)).toFixed(1));
  return { points, reference: nearest.epochs === row.epochs ? 'measured' : 'estimated' };
}

/** Mean over the first seeds. */
function meanOf({ accuracies }: Studied, seeds: number): number {
  return accuracies.slice(0, seeds).reduce((sum, value) => sum + value, 0) / seeds;
}
