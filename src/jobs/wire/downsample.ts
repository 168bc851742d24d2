type Point = readonly [x: number, y: number];

/**
 * At most `count` of the rows, chosen so that the curve keeps its shape: Largest-Triangle-Three-Buckets
 * (Steinarsson 2013, section 4.2). First and last stay. @param rows in order of x
 */
export function downsample<T>(rows: readonly T[], count: number, pointOf: (row: T) => Point): T[] {
  if (rows.length <= count) return [...rows];
  if (count < 3) return count < 2 ? [rows.at(-1)!] : [rows[0]!, rows.at(-1)!];
  const kept: T[] = [rows[0]!];
  const bucket = (rows.length - 2) / (count - 2);
  const startOf = (index: number): number => Math.floor(index * bucket) + 1;
  for (let index = 0; index < count - 2; index++) {
    const candidates = rows.slice(startOf(index), startOf(index + 1));
    const next = rows.slice(startOf(index + 1), Math.min(startOf(index + 2), rows.length));
    kept.push(farthest(candidates, pointOf(kept.at(-1)!), meanOf(next.map(pointOf)), pointOf));
  }
  return [...kept, rows.at(-1)!];
}

/** The candidate that spans the largest triangle with the point kept last and the next bucket's mean. */
function farthest<T>(candidates: readonly T[], last: Point, next: Point, pointOf: (row: T) => Point): T {
  let best = candidates[0] as T;
  let largest = -1;
  for (const candidate of candidates) {
    const [x, y] = pointOf(candidate);
    const area = Math.abs((last[0] - next[0]) * (y - last[1]) - (last[0] - x) * (next[1] - last[1]));
    if (area > largest) [best, largest] = [candidate, area];
  }
  return best;
}

function meanOf(points: readonly Point[]): Point {
  const sum = points.reduce<Point>(([x, y], point) => [x + point[0], y + point[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
