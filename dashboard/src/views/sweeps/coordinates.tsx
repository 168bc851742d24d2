import type { Trial } from '../../../../client/src/index.js';
import type { Axis } from './axes.js';

const WIDTH = 900;
const HEIGHT = 300;
const EDGE = 20;
const TOP = 32;
const BOTTOM = 60;

/** A line for each trial, over an axis for each field and the objective. The best trial is drawn last, and thicker. */
export function Coordinates({
  axes,
  trials,
  best,
}: {
  readonly axes: readonly Axis[];
  readonly trials: readonly Trial[];
  readonly best: number | null;
}) {
  const gap = axes.length > 1 ? (WIDTH - 2 * EDGE) / (axes.length - 1) : 0;
  const at = (axis: number, place: number): string =>
    `${EDGE + axis * gap},${HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM)}`;
  const pointsOf = (trial: Trial): string =>
    axes
      .flatMap(({ placeOf }, axis) => {
        const place = placeOf(trial);
        return place === null ? [] : [at(axis, place)];
      })
      .join(' ');
  const ordered = [...trials].sort((a, b) => Number(a.number === best) - Number(b.number === best));
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label="Trials as lines over the fields"
      width="100%"
      className="axes"
    >
      {axes.map(({ name, ends: [low, high] }, axis) => (
        <g key={name} fill="currentColor" textAnchor={anchorOf(axis, axes.length)}>
          <line
            x1={EDGE + axis * gap}
            x2={EDGE + axis * gap}
            y1={TOP}
            y2={HEIGHT - BOTTOM}
            stroke="currentColor"
            opacity="0.3"
          />
          <text x={EDGE + axis * gap} y={HEIGHT - 6}>
            {name.split('/').at(-1)}
          </text>
          <text x={EDGE + axis * gap} y={HEIGHT - 34} opacity="0.7">
            {low}
          </text>
          <text x={EDGE + axis * gap} y={TOP - 8} opacity="0.7">
            {high}
          </text>
        </g>
      ))}
      {ordered.map((trial) => (
        <polyline
          key={trial.number}
          points={pointsOf(trial)}
          fill="none"
          stroke="currentColor"
          strokeWidth={trial.number === best ? 3 : 1}
          opacity={trial.number === best ? 1 : trial.value === null ? 0.2 : 0.45}
        >
          <title>{`Trial ${trial.number}, ${trial.state}`}</title>
        </polyline>
      ))}
    </svg>
  );
}

/** Names at the edges stay within the drawing. */
function anchorOf(axis: number, axes: number): 'start' | 'middle' | 'end' {
  if (axis === 0) return 'start';
  return axis === axes - 1 ? 'end' : 'middle';
}
