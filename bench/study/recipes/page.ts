import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceBetween } from '../../../scripts/replace-between.js';
import { ROOT } from '../../../src/service/root.js';
import { type Result, readResults } from './results.js';
import { BASELINE } from './steps.js';

export const RECIPES_PAGE = 'docs/recipes.md';

/** The page is written by hand but for its tables. */
export async function renderRecipesPage(): Promise<string> {
  const page = await readFile(join(ROOT, RECIPES_PAGE), 'utf8');
  const results = readResults();
  const tables = { steps: stepsTable(results), worth: worthTable(results) };
  return Object.entries(tables).reduce(
    (text, [name, table]) =>
      replaceBetween(text, `<!-- table: ${name} -->\n`, '<!-- end of table -->', `${table}\n`, RECIPES_PAGE),
    page,
  );
}

const METHODS = [
  { method: 'back-propagation', label: 'K=1' },
  { method: 'augmented Lagrangian', label: 'K=2' },
] as const;

/** A row for each step alone: validation accuracy, and how much more it is than the baseline's with the same seeds. */
export function stepsTable(results: readonly Result[]): string {
  const steps = results.filter(({ part }) => part === 'steps');
  const columns = METHODS.flatMap(({ label }) => [`${label}, %`, `over the baseline, by seed`]);
  return markdown(
    ['pixels', 'step', ...columns],
    namesOf(steps).map(({ side, row }) => [
      `${side}`,
      row,
      ...METHODS.flatMap(({ method }) => {
        const own = steps.filter((result) => result.side === side && result.method === method);
        return [figureOf(own.filter((result) => result.row === row)), gainOf(own, row)];
      }),
    ]),
  );
}

/** Test accuracy after fine-tuning, beside training from chance. */
export function worthTable(results: readonly Result[]): string {
  const worth = results.filter(({ part }) => part === 'worth');
  const methods = [...new Set(worth.map(({ method }) => method))];
  return markdown(
    ['pixels', 'start', ...methods.map((method) => `${method}, %`)],
    namesOf(worth).map(({ side, row }) => [
      `${side}`,
      row,
      ...methods.map((method) =>
        figureOf(
          worth.filter((result) => result.side === side && result.row === row && result.method === method),
        ),
      ),
    ]),
  );
}

function namesOf(results: readonly Result[]): Pick<Result, 'side' | 'row'>[] {
  const names = new Map(results.map(({ side, row }) => [`${side} ${row}`, { side, row }]));
  return [...names.values()];
}

/** Mean and half the distance from the smallest to the largest, of the validation accuracies. */
function figureOf(results: readonly Result[]): string {
  if (results.length === 0) return '';
  const values = results.map(({ validation }) => validation);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = (Math.max(...values) - Math.min(...values)) / 2;
  return percent(mean) + (values.length > 1 ? ` ± ${percent(spread)}` : '');
}

/** The mean difference to the baseline, and that of each seed. */
function gainOf(results: readonly Result[], row: string): string {
  if (row === BASELINE) return '';
  const gains = results
    .filter((result) => result.row === row)
    .toSorted((a, b) => a.seed - b.seed)
    .flatMap(({ seed, validation }) => {
      const base = results.find((result) => result.row === BASELINE && result.seed === seed);
      return base ? [validation - base.validation] : [];
    });
  if (gains.length === 0) return '';
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  return `${points(mean)} (${gains.map(points).join(', ')})`;
}

const percent = (share: number): string => (100 * share).toFixed(1);
const points = (share: number): string => (share > 0 ? '+' : '') + percent(share);

function markdown(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line)].join('\n');
}
