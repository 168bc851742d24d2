import { uniform } from '../../../src/planning/sweeps/draws.js';

/** An analytic learning curve: a trial has a limit, and comes near it at a speed of its own. */
export const valueAt = (number: number, rung: number): number =>
  uniform(5, 0, number) * (1 - Math.exp(-(rung + 1) * (0.3 + uniform(5, 1, number))));

/** The steps that a search made: which trial started, and which was promoted to which rung. */
export type Step = readonly [what: 'start' | 'promote', number: number, rung: number];

export interface Search {
  readonly trials: number;
  /** Decides which of the trials at work is the next to arrive at a rung. */
  readonly seed: number;
  readonly divisor: number;
  /** Number of rungs. */
  readonly rungs: number;
  readonly parallel: number;
}

/** The trial that arrives next, of those at work in the order of their numbers. */
export const arriving = <T>(atWork: readonly T[], seed: number, time: number): T | undefined =>
  atWork[Math.floor(uniform(seed, 2, time) * atWork.length)];

/** Algorithm 2 of Li et al. 2020, as it stands there: whoever is free asks for a job. */
export function reference({ trials, seed, divisor, rungs: count, parallel }: Search): Step[] {
  const steps: Step[] = [];
  const rungs = Array.from({ length: count }, () => new Map<number, number>());
  const promoted = rungs.map(() => new Set<number>());
  let started = 0;
  const getJob = (): { number: number; to: number } | null => {
    for (let rung = count - 1; rung >= 0; rung--) {
      const ranked = [...(rungs[rung] ?? [])].sort(([a, valueA], [b, valueB]) => valueB - valueA || a - b);
      const top = ranked.slice(0, Math.floor(ranked.length / divisor)).map(([number]) => number);
      const candidate = top.find((number) => !promoted[rung]?.has(number));
      if (candidate === undefined) continue;
      promoted[rung]?.add(candidate);
      steps.push(['promote', candidate, rung + 1]);
      return { number: candidate, to: rung + 1 };
    }
    if (started === trials) return null;
    steps.push(['start', started, 0]);
    return { number: started++, to: 0 };
  };
  let busy: { number: number; to: number }[] = [];
  for (let time = 0; ; time++) {
    while (busy.length < parallel) {
      const job = getJob();
      if (job === null) break;
      busy = [...busy, job];
    }
    busy.sort((a, b) => a.number - b.number);
    const next = arriving(busy, seed, time);
    if (next === undefined) return steps;
    busy = busy.filter((job) => job !== next);
    rungs[next.to]?.set(next.number, valueAt(next.number, next.to));
  }
}
