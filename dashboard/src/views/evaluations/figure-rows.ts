import { figure, percent } from '../../format.js';
import type { Schemas } from '../../server.js';
import { intervalOf } from './evaluations.js';

/** The figures of an evaluation, by their names. */
export function figureRows(figures: Schemas['EvaluationFigures']): readonly (readonly [string, string])[] {
  return [
    ['Accuracy', percent(figures.accuracy, 2)],
    ['95 % interval', intervalOf(figures.accuracy_interval)],
    ['Among the first five', percent(figures.top_5, 2)],
    ['Balanced accuracy', percent(figures.balanced_accuracy, 2)],
    ['Macro F1', figure(figures.macro_f1)],
    ['Log loss', figure(figures.log_loss)],
    ['Brier score', figure(figures.brier)],
    ['Calibration error', figure(figures.ece)],
    ['AUROC', figure(figures.auroc)],
    ['Average precision', figure(figures.average_precision)],
  ];
}
