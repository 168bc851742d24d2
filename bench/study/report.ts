import { drawPanels } from '../../src/trainer/documents/plot.js';
import type { Figure, Outcome, RowFigures } from './figures.js';

const COLUMNS =
  '| | time | test accuracy, % | over back-propagation in that time | after as many epochs | before joining | compact network |';

/** The table between the markers in docs/accuracy.md. */
export function tableOf(rows: readonly RowFigures[]): string {
  return [
    COLUMNS,
    '|---|---|---|---|---|---|---|',
    ...rows.map(
      ({ row, timeShare, accuracy, overReference, overSameEpochs, beforeJoining, compact }) =>
        `| ${row} | ${timeShare.toFixed(2)} | ${shown(accuracy)} | ${points(overReference)} | ${points(overSameEpochs)} | ${shown(beforeJoining)} | ${shown(compact)} |`,
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
  return drawPanels([{ title: 'test accuracy', axis: 'seconds, on a device a stage', curves }]);
}
