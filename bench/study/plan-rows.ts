import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Studied } from '../../src/planning/forecast/accuracy.js';
import { ROOT } from '../../src/service/root.js';
import type { Outcome } from './figures.js';
import { STUDY_FILE } from './page.js';
import { isSerial, REFERENCE, ROWS, type Row } from './rows.js';

export const PLAN_ROWS_FILE = 'src/planning/forecast/study-at-equal-time.json';

/** The rows of the study that `POST /plans` knows: those with the study's own images and network, back-propagation first. */
export async function renderPlanRows(): Promise<string> {
  const { outcomes } = JSON.parse(await readFile(join(ROOT, STUDY_FILE), 'utf8')) as {
    readonly outcomes: readonly Outcome[];
  };
  const rows = planRowsOf(ROWS, outcomes);
  const text = JSON.stringify({ rows }, null, 2);
  // Lists of numbers on a line of their own.
  return `${text.replace(/\[[\d.,\s]+\]/g, (list) => list.replace(/\s+/g, '').replaceAll(',', ', '))}\n`;
}

export function planRowsOf(rows: readonly Row[], outcomes: readonly Outcome[]): Studied[] {
  const usual = rows.filter(
    ({ images, changes }) => images === REFERENCE.images && Object.keys(changes).length === 0,
  );
  const serialFirst = usual.toSorted((a, b) => Number(isSerial(b)) - Number(isSerial(a)));
  return serialFirst.flatMap((row) => {
    const accuracies = firstSeeds(outcomes.filter((outcome) => outcome.row === row.name));
    return accuracies.length > 0 ? [{ ...wayOf(row), epochs: row.epochs, accuracies }] : [];
  });
}

/** The outcomes of seeds 1, 2, ... as far as none is missing. */
function firstSeeds(outcomes: readonly Outcome[]): number[] {
  const bySeed = new Map(outcomes.map(({ seed, accuracy }) => [seed, accuracy]));
  const accuracies: number[] = [];
  for (let seed = 1; bySeed.has(seed); seed++) accuracies.push(bySeed.get(seed)!);
  return accuracies;
}

/** Stages that train apart are joined at the end, by default by as many replicas as there are stages. */
function wayOf({ method }: Row): Omit<Studied, 'epochs' | 'accuracies'> {
  const { stages, outer, end_to_end_replicas: given } = method;
  const joined = stages > 1 && method.type !== 'pipeline';
  const replicas = given ?? (joined ? stages : 1);
  return { method: method.type!, stages, replicas, joined, outer: outer !== undefined };
}
