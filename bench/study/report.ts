import { drawPanels } from '../../src/trainer/documents/plot.js';
import type { Figure, Outcome, RowFigures } from './figures.js';

const COLUMNS =
  '| | seeds | time | validation, % | test, % | over back-propagation in that time or more | after as many epochs | before joining, validation | compact network |';

/** The table between the markers in docs/accuracy.md. */
export function tableOf(rows: readonly RowFigures[]): string {
  return [
    COLUMNS,
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map(
      ({
        row,
        seeds,
        timeShare,
        validation,
        accuracy,
        overReference,
        overSameEpochs,
        beforeJoining,
        compact,
      }) =>
        `| ${row} | ${seeds.join(', ')} | ${timeShare?.toFixed(2) ?? ''} | ${shown(validation)} | ${shown(accuracy)} | ${points(overReference)} | ${points(overSameEpochs)} | ${shown(beforeJoining)} | ${shown(compact)} |`,
    ),
  ].join('\n');
}

const percent = (share: number): string => (100 * share).toFixed(1);
const shown = (figure: Figure | null): string =>
  figure ? percent(figure.mean) + (figure.spread === null ? '' : ` ± ${percent(figure.spread)}`) : '';
const points = (share: number | null): string =>
  share === null ? '' : `${share > 0 ? '+' : ''}${percent(share)}`;

/** Accuracy over time, the first seed's, a curve a row. */
export function pictureOf(outcomes: readonly Outcome[], rows: readonly string[]): string {
  const [seed] = outcomes.map((outcome) => outcome.seed);
  const curves = rows.flatMap((row) => {
    const found = outcomes.find((outcome) => outcome.row === row && outcome.seed === seed);
    return found ? [{ label: row, points: found.curve }] : [];
  });
  return drawPanels([{ title: 'validation accuracy', axis: 'seconds, on a device a stage', curves }]);
}
