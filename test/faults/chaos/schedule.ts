/** The cells of the fault matrix (victim, fault and moment), and their seeded order. */

export const VICTIMS = ['api', 'dispatcher', 'worker', 'trainer', 'redis', 'postgres'] as const;
export type Victim = (typeof VICTIMS)[number];
export const MOMENTS = ['queued', 'running', 'writing', 'finalizing'] as const;
export type Moment = (typeof MOMENTS)[number];
const HARMS = ['kill', 'freeze', 'restart', 'cut'] as const;
export type Fault =
  | `${Victim} ${(typeof HARMS)[number]}`
  | 'redis flush'
  | 'disk full'
  | 'clock jump'
  | 'disk damaged';

export interface Cell {
  readonly fault: Fault;
  readonly moment: Moment;
}

/** Every cell there is. A trainer has no connection to cut: it hears of everything over its worker's IPC. */
export function allCells(): Cell[] {
  const harms = VICTIMS.flatMap((victim) => HARMS.map((harm): Fault => `${victim} ${harm}`));
  const faults: Fault[] = [
    ...harms.filter((fault) => fault !== 'trainer cut'),
    'redis flush',
    'clock jump',
    'disk full',
    'disk damaged',
  ];
  return MOMENTS.flatMap((moment) => faults.map((fault) => ({ fault, moment })));
}

/** One fault for each moment of one job. */
export type Run = readonly Cell[];

/** Every cell once, in runs of one cell a moment, in an order that follows from the seed alone. */
export function runsOf(seed: number): Run[] {
  const random = mulberry32(seed);
  const columns = MOMENTS.map((moment) =>
    shuffled(
      allCells().filter((cell) => cell.moment === moment),
      random,
    ),
  );
  return (columns[0] ?? []).map((_, index) => columns.flatMap((column) => column[index] ?? []));
}

export function seedOf(env: NodeJS.ProcessEnv): number {
  return env.SEED ? Number(env.SEED) : Math.floor(Math.random() * 2 ** 31);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}

/** Uniform in [0, 1): Tommy Ettinger's mulberry32. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
