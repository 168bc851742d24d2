import type { MetricHistory } from '../../contract/trainer-protocol.js';
import { type Series, seriesNamed } from './history.js';
import { type Curve, drawPanels, type Panel } from './plot.js';

/** Maximum number of points per curve. A picture of this width cannot show more. */
const MAX_POINTS = 800;
const AXIS = 'step';

/** A picture of a job's curves: losses, accuracies, violation and fidelity, each where it was measured. Null for none. */
export function drawCurves(history: MetricHistory): string | null {
  const panels = panelsOf(history);
  return panels.length === 0 ? null : drawPanels(panels);
}

function panelsOf(history: MetricHistory): Panel[] {
  const byStage = (title: string, name: string) => ({
    title,
    axis: AXIS,
    curves: seriesNamed(history, name).map((series) => curveOf(series, stageLabel(series))),
  });
  const accuracy = [
    'test_accuracy',
    'compact_accuracy',
    'validation_accuracy',
    'compact_validation_accuracy',
  ].flatMap((name) => seriesNamed(history, name).map((series) => curveOf(series, name.replaceAll('_', ' '))));
  return [
    byStage('loss', 'loss'),
    { title: 'accuracy', axis: AXIS, curves: accuracy },
    byStage('violation', 'violation'),
    byStage('fidelity', 'fidelity'),
  ].filter(({ curves }) => curves.some(({ points }) => points.length > 0));
}

const stageLabel = ({ stage }: Series): string => (stage === null ? 'end to end' : `stage ${stage}`);

function curveOf({ points }: Series, label: string): Curve {
  const stride = Math.ceil(points.length / MAX_POINTS);
  const shown = points.filter((_, index) => index % stride === 0 || index === points.length - 1);
  return { label, points: shown.map(([step, value]) => [step, value]) };
}
