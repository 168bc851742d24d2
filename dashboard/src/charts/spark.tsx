import { figure } from '../format.js';

const WIDTH = 90;
const HEIGHT = 22;
/** Room for the width of the line. */
const EDGE = 2;

interface Props {
  readonly values: readonly number[];
  readonly latest: number | undefined;
  readonly name: string;
}

/** A curve of the size of a word, with its last value. */
export function Spark({ values, latest, name }: Props) {
  if (latest === undefined) return <span className="quiet">–</span>;
  return (
    <span className="spark">
      <svg width={WIDTH} height={HEIGHT} role="img" aria-label={`Loss of ${name}, now ${figure(latest)}`}>
        {values.length > 1 && <polyline points={pointsOf(values)} />}
      </svg>{' '}
      {figure(latest)}
    </span>
  );
}

function pointsOf(values: readonly number[]): string {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const height = HEIGHT - 2 * EDGE;
  return values
    .map((value, index) => {
      const x = EDGE + (index / (values.length - 1)) * (WIDTH - 2 * EDGE);
      const y = EDGE + (max === min ? 0.5 : (max - value) / (max - min)) * height;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
