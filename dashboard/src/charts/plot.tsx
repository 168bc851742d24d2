import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import { useTheme } from '../parts/theme.js';
import { colorOf } from '../wavefront/colors.js';
import { aligned, type Points } from './aligned.js';

export interface Curve {
  readonly label: string;
  /** Name of a CSS variable. */
  readonly color: string;
  readonly points: Points;
}

interface Props {
  readonly curves: readonly Curve[];
  readonly xLabel: string;
  readonly log?: boolean;
  /** Weight of the moving average; 0: none. */
  readonly smoothing?: number;
  readonly height?: number;
}

/** Above this number of points, marks would hide the curve. */
const MAX_MARKS = 100;

/** Above this number of points, lines are one pixel wide: browsers draw those many times as fast. */
const DENSE = 2_000;

/** Curves over one x axis. With smoothing, the measured values stay visible behind the average. */
export function Plot({ curves, xLabel, log = false, smoothing = 0, height = 220 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const isSmooth = smoothing > 0;
  const isDense = curves.some(({ points }) => points.length > DENSE);
  const data = useMemo(
    () =>
      aligned(
        curves.map(({ points }) => points),
        smoothing,
      ),
    [curves, smoothing],
  );
  // A new plot loses the part that the reader has zoomed into, so new points go into the same one.
  const lines = JSON.stringify(curves.map(({ label, color }) => ({ label, color })));
  useEffect(() => {
    const { current } = box;
    if (current === null || lines === '[]') return;
    const made = new uPlot(
      optionsOf({ lines, xLabel, log, isSmooth, isDense, height, theme }, current.clientWidth),
      undefined,
      current,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [lines, xLabel, log, isSmooth, isDense, height, theme]);
  // After the one above, whose new plot has no points yet.
  useEffect(() => {
    plot.current?.setData(data, !isZoomed(plot.current));
  }, [data, lines, xLabel, log, isSmooth, isDense, height, theme]);
  if (curves.length === 0) return <p className="quiet">Nothing was measured yet.</p>;
  return <div ref={box} className="plot" />;
}

interface Look extends Required<Pick<Props, 'xLabel' | 'log' | 'height'>> {
  /** Label and color of each curve, as JSON. */
  readonly lines: string;
  readonly isSmooth: boolean;
  readonly isDense: boolean;
  readonly theme: string;
}

function optionsOf({ lines, xLabel, log, isSmooth, isDense, height }: Look, width: number): uPlot.Options {
  const curves = JSON.parse(lines) as Pick<Curve, 'label' | 'color'>[];
  const line = ({ label, color }: Pick<Curve, 'label' | 'color'>, isFaint: boolean): uPlot.Series => ({
    label: isFaint ? `${label}, measured` : label,
    stroke: colorOf(color),
    width: isFaint ? 0.5 : isDense ? 1 / window.devicePixelRatio : 1.75,
    alpha: isFaint ? 0.4 : 1,
    spanGaps: true,
    points: { show: ({ data }, index) => !isFaint && hasFew(data[index] ?? []) },
    value: (_, value) => (value === null || value === undefined ? '–' : String(Number(value.toPrecision(4)))),
  });
  const axis = {
    stroke: colorOf('--quiet'),
    grid: { stroke: colorOf('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
    axes: [axis, { ...axis, size: 56 }],
    series: [
      { label: xLabel },
      ...curves.map((curve) => line(curve, isSmooth)),
      ...(isSmooth ? curves.map((curve) => line(curve, false)) : []),
    ],
    legend: { live: true },
    cursor: { drag: { x: true, y: false } },
  };
}

function hasFew(values: ArrayLike<number | null | undefined>): boolean {
  let count = 0;
  for (let index = 0; index < values.length && count <= MAX_MARKS; index++) {
    if (values[index] !== null && values[index] !== undefined) count += 1;
  }
  return count <= MAX_MARKS;
}

/** Whether the reader has chosen a part of the x axis. */
function isZoomed({ data: [x], scales }: uPlot): boolean {
  const { min, max } = scales.x ?? {};
  if (x.length === 0 || min === undefined || max === undefined) return false;
  return min !== x[0] || max !== x[x.length - 1];
}
