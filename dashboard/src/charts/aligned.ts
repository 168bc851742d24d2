import uPlot from 'uplot';
import { smooth } from './smooth.js';

/** Points of a curve, in the order of x. */
export type Points = readonly (readonly [x: number, y: number])[];

/**
 * The curves over one x axis, each with a value or a gap at every x. With a weight of the moving average above 0: the measured
 * values first, then the averages.
 */
export function aligned(curves: readonly Points[], smoothing: number): uPlot.AlignedData {
  const [x, ...measured] = haveSameSteps(curves) ? side(curves) : joined(curves);
  const averages = smoothing > 0 ? measured.map((values) => smooth([...(values ?? [])], smoothing)) : [];
  return [x ?? [], ...measured, ...averages] as uPlot.AlignedData;
}

/** Most charts show series that were measured at the same steps, for which joining would be most of the work of a redraw. */
function haveSameSteps([first, ...others]: readonly Points[]): boolean {
  return others.every(
    (other) => other.length === first?.length && other.every(([x], index) => x === first[index]?.[0]),
  );
}

const side = (curves: readonly Points[]) => [
  (curves[0] ?? []).map(([x]) => x),
  ...curves.map((points) => points.map(([, y]) => y)),
];

const joined = (curves: readonly Points[]) =>
  uPlot.join(curves.map((points) => [points.map(([x]) => x), points.map(([, y]) => y)] as uPlot.AlignedData));
