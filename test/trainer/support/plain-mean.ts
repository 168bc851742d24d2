import type { NamedValues } from '../../../src/trainer/optimizer/index.js';

/** The mean of each element in float64, in the order given, rounded to float32 once. */
export function plainMean(all: readonly NamedValues[]): NamedValues {
  const sumOf = (name: string, index: number) =>
    all.reduce((sum, values) => sum + values.get(name)![index]!, 0);
  return new Map(
    [...all[0]!].map(([name, values]) => [name, values.map((_, index) => sumOf(name, index) / all.length)]),
  );
}
