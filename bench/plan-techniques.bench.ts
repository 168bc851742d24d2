import type { Benchmark } from './benchmark.js';
import { compareTechniques, techniqueLines } from './plans/techniques.js';

export const benchmark: Benchmark = {
  name: 'plan-techniques',
  title:
    'memory and time of a step with each technique, as POST /plans says and as a process of its own needs',
  run: async ({ steps, say }) => {
    const rows = await compareTechniques(steps, say);
    return { lines: techniqueLines(rows), figures: { rows } };
  },
};
