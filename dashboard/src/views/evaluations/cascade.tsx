import { percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';

type Cascade = Schemas['EvaluatedCascade'];

const WIDTH = 640;
const HEIGHT = 280;
const EDGE = 64;
const BOTTOM = 60;

/** Accuracy against seconds by threshold, beside both networks alone. */
export function CascadePanel({
  cascade,
  accuracy,
}: {
  readonly cascade: Cascade;
  /** Accuracy of the full network. */
  readonly accuracy: number;
}) {
  return (
    <Panel
      title="Cascade"
      note="The compact network answers where the probability of its first class is at least the threshold, the full one elsewhere."
    >
      <CascadeFigure cascade={cascade} accuracy={accuracy} />
      <Scroll label="Cascade by threshold" className="scroll tall">
        <table className="list small">
          <thead>
            <tr>
              <th className="number">Threshold</th>
              <th className="number">Accuracy</th>
              <th className="number">By compact</th>
              <th className="number">Seconds</th>
            </tr>
          </thead>
          <tbody>
            {cascade.points.map((point) => (
              <tr key={point.threshold}>
                <td className="number">{point.threshold}</td>
                <td className="number">{percent(point.accuracy, 2)}</td>
                <td className="number">{percent(point.by_compact)}</td>
                <td className="number">{point.seconds.toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function CascadeFigure({ cascade, accuracy }: { readonly cascade: Cascade; readonly accuracy: number }) {
  const { points, full_seconds: seconds, compact_accuracy, compact_seconds } = cascade;
  const full = { seconds, accuracy };
  const compact = { seconds: compact_seconds, accuracy: compact_accuracy };
  const place = placesOf([...points, full, compact]);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label="Accuracy against seconds by threshold"
      width="100%"
      className="axes cascade"
    >
      <g fill="currentColor" opacity="0.7">
        <text x={EDGE} y={HEIGHT - 6}>
          {place.seconds[0].toFixed(2)} s
        </text>
        <text x={WIDTH - EDGE} y={HEIGHT - 6} textAnchor="end">
          {place.seconds[1].toFixed(2)} s
        </text>
        <text x={4} y={HEIGHT - BOTTOM}>
          {percent(place.accuracies[0])}
        </text>
        <text x={4} y={20}>
          {percent(place.accuracies[1])}
        </text>
      </g>
      <polyline
        points={points.map((point) => place.of(point).join(',')).join(' ')}
        fill="none"
        stroke="currentColor"
        strokeWidth={2}
      />
      {points.map((point) => (
        <Dot key={point.threshold} at={place.of(point)} radius={3} title={titleOf(point)} />
      ))}
      <Alone name="full" at={place.of(full)} accuracy={accuracy} />
      <Alone name="compact" at={place.of(compact)} accuracy={compact_accuracy} />
    </svg>
  );
}

const titleOf = ({ threshold, accuracy, by_compact, seconds }: Cascade['points'][number]): string =>
  `threshold ${threshold}: ${percent(accuracy, 2)}, ${percent(by_compact)} by the compact network, ${seconds.toFixed(2)} s`;

interface AloneProps {
  readonly name: Schemas['ModelVariantName'];
  readonly at: readonly [x: number, y: number];
  readonly accuracy: number;
}

/** One network without the other. */
function Alone({ name, at: [x, y], accuracy }: AloneProps) {
  return (
    <>
      <Dot at={[x, y]} radius={7} title={`the ${name} network alone: ${percent(accuracy, 2)}`} />
      <text x={x} y={y + 22} textAnchor="middle" fill="currentColor" opacity="0.7">
        {name}
      </text>
    </>
  );
}

interface DotProps {
  readonly at: readonly [x: number, y: number];
  readonly radius: number;
  readonly title: string;
}

function Dot({ at: [x, y], radius, title }: DotProps) {
  return (
    <circle cx={x} cy={y} r={radius} fill="currentColor" opacity="0.7">
      <title>{title}</title>
    </circle>
  );
}

interface Spot {
  readonly seconds: number;
  readonly accuracy: number;
}

/** Places in the drawing, whose axes reach from the least to the greatest value. */
function placesOf(spots: readonly Spot[]) {
  const seconds = endsOf(spots.map((spot) => spot.seconds));
  const accuracies = endsOf(spots.map((spot) => spot.accuracy));
  const along = ([low, high]: readonly [number, number], value: number): number =>
    high === low ? 0.5 : (value - low) / (high - low);
  const of = (spot: Spot): readonly [number, number] => [
    EDGE + along(seconds, spot.seconds) * (WIDTH - 2 * EDGE),
    HEIGHT - BOTTOM - along(accuracies, spot.accuracy) * (HEIGHT - BOTTOM - 16),
  ];
  return { seconds, accuracies, of };
}

const endsOf = (values: readonly number[]): readonly [number, number] => [
  Math.min(...values),
  Math.max(...values),
];
