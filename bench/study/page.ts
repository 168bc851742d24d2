import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceBetween } from '../../scripts/replace-between.js';
import { ROOT } from '../../src/service/root.js';
import type { Outcome, RowFigures } from './figures.js';
import { pictureOf, tableOf } from './report.js';
import { CURVES } from './rows.js';
import type { StepSeconds } from './virtual-time.js';

export const STUDY_FILE = 'bench/results/study.json';
export const ACCURACY_PAGE = 'docs/accuracy.md';
export const ACCURACY_PICTURE = 'docs/accuracy.svg';

export interface StudyResult {
  readonly at: string;
  readonly setting: object;
  /** Seconds a step that a stage of a pipeline spends with messages, for each of its neighbors. */
  readonly messageSeconds: number;
  /** By method and K. */
  readonly stepSeconds: Readonly<Record<string, StepSeconds>>;
  readonly rows: readonly RowFigures[];
  readonly outcomes: readonly Outcome[];
}

/** Stores a study and what the page shows of it. @returns its table */
export async function storeStudy(result: StudyResult): Promise<string> {
  await writeFile(join(ROOT, STUDY_FILE), `${JSON.stringify(result, null, 2)}\n`);
  await writeFile(join(ROOT, ACCURACY_PAGE), await renderAccuracyPage());
  // The first jobs of a study may be no rows of the picture.
  if (result.outcomes.some(({ row }) => CURVES.includes(row))) {
    await writeFile(join(ROOT, ACCURACY_PICTURE), await renderAccuracyPicture());
  }
  return tableOf(result.rows);
}

/** The page is written by hand but for the table between its markers. */
export async function renderAccuracyPage(): Promise<string> {
  const page = await readFile(join(ROOT, ACCURACY_PAGE), 'utf8');
  const table = tableOf((await lastStudy()).rows);
  return replaceBetween(
    page,
    '<!-- table: npm run study -->\n',
    '<!-- end of table -->',
    `${table}\n`,
    ACCURACY_PAGE,
  );
}

export async function renderAccuracyPicture(): Promise<string> {
  return pictureOf((await lastStudy()).outcomes, CURVES);
}

export async function storedOutcomes(): Promise<readonly Outcome[]> {
  return (await lastStudy()).outcomes;
}

async function lastStudy(): Promise<StudyResult> {
  return JSON.parse(await readFile(join(ROOT, STUDY_FILE), 'utf8')) as StudyResult;
}
