import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { colorOf } from '../wavefront/colors.js';
import { smooth } from './smooth.js';

export interface Curve {
  readonly label: string;
  /** Name of a CSS variable. */
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
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

/** Curves over one x axis. With smoothing, the measured values stay visible behind the average. */
export function Plot({ curves, xLabel, log = false, smoothing = 0, height = 220 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = box;
    if (current === null || curves.length === 0) return;
    const isSmooth = smoothing > 0;
    const joined = uPlot.join(
      curves.map(({ points }) => [points.map(([x]) => x), points.map(([, y]) => y)] as uPlot.AlignedData),
    );
    const [x, ...measured] = joined;
    const averages = isSmooth ? measured.map((values) => smooth([...values], smoothing)) : [];
    const line = ({ label, color, points }: Curve, isFaint: boolean): uPlot.Series => ({
      label: isFaint ? `${label}, measured` : label,
      stroke: colorOf(color),
      width: isFaint ? 0.5 : 1.75,
      alpha: isFaint ? 0.4 : 1,
      spanGaps: true,
      points: { show: !isFaint && points.length <= MAX_MARKS },
      value: (_, value) => (value === null ? '–' : String(Number(value.toPrecision(4)))),
    });
    const axis = {
      stroke: colorOf('--quiet'),
      grid: { stroke: colorOf('--line'), width: 1 },
      ticks: { show: false },
    };
    const plot = new uPlot(
      {
        width: current.clientWidth,
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
      },
      [x, ...measured, ...averages] as uPlot.AlignedData,
      current,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: current.clientWidth, height }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [curves, xLabel, log, smoothing, height]);
  if (curves.length === 0) return <p className="quiet">Nothing was measured yet.</p>;
  return <div ref={box} className="plot" />;
}
