/** Momentum descent in plain JavaScript: the update that the trainer's optimiser is compared with. */
export interface Descent {
  readonly momentum: number;
  readonly weightDecay: number;
  /** Math.fround where each operation must round as float32 does. */
  readonly round: (value: number) => number;
}

type Values = ReadonlyMap<string, Float32Array | Float64Array>;

export const restingVelocity = (weights: Values) =>
  new Map([...weights].map(([name, { length }]) => [name, new Float64Array(length)]));

/** v <- m v + (g + d w), w <- w - rate v; changes `weights` and `velocity` in place. */
export function descend(
  weights: Values,
  velocity: ReadonlyMap<string, Float64Array>,
  gradients: ReadonlyMap<string, ArrayLike<number>>,
  rateOf: (name: string) => number,
  { momentum, weightDecay, round }: Descent,
): void {
  for (const [name, w] of weights) {
    const [v, g, rate] = [velocity.get(name)!, gradients.get(name)!, round(rateOf(name))];
    for (let i = 0; i < w.length; i++) {
      const total = round(g[i]! + round(w[i]! * round(weightDecay)));
      v[i] = round(round(v[i]! * round(momentum)) + total);
      w[i] = round(w[i]! - round(v[i]! * rate));
    }
  }
}

/** The gradients, shortened to `limit` where all of them together are longer. */
export function clipped(
  gradients: ReadonlyMap<string, Float32Array>,
  limit: number,
): ReadonlyMap<string, Float32Array> {
  const squares = [...gradients.values()].map((values) => values.reduce((sum, g) => sum + g * g, 0));
  const length = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  const factor = Math.min(1, limit / length);
  return new Map([...gradients].map(([name, values]) => [name, values.map((value) => value * factor)]));
}

/** Distance of each weight from `start`: the error of short ways would drown in the weights. */
export function movesFrom(start: Values, weights: Values): ReadonlyMap<string, Float64Array> {
  return new Map(
    [...start].map(([name, from]) => [name, Float64Array.from(weights.get(name)!, (to, i) => to - from[i]!)]),
  );
}
