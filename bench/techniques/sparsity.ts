import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';
import { inPercent, jobOf } from './jobs.js';

const DEPTH = 8;
const STAGES = 2;
/** The layer-parallel phase has 102 steps in 13 rounds, of which six begin with fewer channels. */
const ROUND_STEPS = 8;
const UNTIL_ROUND = 6;
const WIDTH = 32;

interface Contest {
  readonly name: string;
  /** Hidden channels of the AuxNet at the start. */
  readonly width: number;
  /** Null: every channel stays. */
  readonly keep: number | null;
  readonly regrow: number | null;
}

/** The same AuxNet dense, sparse in the end, with regrowth, and as narrow from the start. */
const CONTESTS: readonly Contest[] = [
  { name: '32 channels', width: WIDTH, keep: null, regrow: null },
  { name: 'keep 0.5', width: WIDTH, keep: 0.5, regrow: 0 },
  { name: 'keep 0.25', width: WIDTH, keep: 0.25, regrow: 0 },
  { name: 'keep 0.25, regrow 0.2', width: WIDTH, keep: 0.25, regrow: 0.2 },
  { name: '8 channels from the start', width: WIDTH / 4, keep: null, regrow: null },
];

export interface SparsityRun {
  readonly name: string;
  readonly seed: number;
  /** Shares of the 10,000 test images: before the end-to-end phase, after it, and of the compact network. */
  readonly before: number;
  readonly after: number;
  readonly compact: number;
  /** `fidelity` of stage 0, whose loss is about what the AuxNet makes, at the end of the layer-parallel phase. */
  readonly fidelity: number;
  /** Milliseconds of the AuxNet in a step, forward and back, the mean of all rounds, and of the quickest one. */
  readonly milliseconds: number;
  readonly quickest: number;
}

export async function runSparsities(
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<SparsityRun[]> {
  const runs: SparsityRun[] = [];
  for (const seed of seeds) {
    for (const contest of CONTESTS) {
      const run = await trained(contest, seed);
      runs.push(run);
      say(
        `… AuxNet, ${run.name}, seed ${seed}: ${run.after.toFixed(3)}, fidelity ${run.fidelity.toFixed(2)}`,
      );
    }
  }
  return runs;
}

async function trained({ name, width, keep, regrow }: Contest, seed: number): Promise<SparsityRun> {
  const sparsity = { keep, regrow, until_round: keep === null ? null : UNTIL_ROUND };
  const method = { stages: STAGES, round_steps: ROUND_STEPS, auxiliary: { width }, sparsity };
  const spec = jobOf(DEPTH, { type: 'augmented-lagrangian', ...method }, seed);
  return await withBlobs(async (blobs) => {
    const { successes } = await runPlan(spec, blobs, undefined, undefined, WHOLE_MNIST);
    const last = [...successes].filter(([key]) => key.startsWith('evaluate')).at(-1)![1].result;
    const { result } = successes.get('finalize')!;
    const rounds = [...successes].filter(([key]) => key.startsWith(`stage-${STAGES - 1}-`));
    const times = rounds.map(([, { seconds }]) => seconds.auxiliary_forward! + seconds.auxiliary_backward!);
    return {
      ...{ name, seed, before: last.test_accuracy!, after: result.test_accuracy! },
      compact: result.compact_accuracy!,
      fidelity: last.fidelity_0!,
      milliseconds: (1000 * times.reduce((sum, time) => sum + time, 0)) / (times.length * ROUND_STEPS),
      // The last round is shorter than the others.
      quickest: (1000 * Math.min(...times.slice(0, -1))) / ROUND_STEPS,
    };
  });
}

export function sparsityLines(runs: readonly SparsityRun[]): string[] {
  const of = (contest: string, figure: (run: SparsityRun) => number) =>
    runs.filter(({ name }) => name === contest).map(figure);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const dense = CONTESTS[0]!.name;
  const ratio = (name: string, figure: (run: SparsityRun) => number) =>
    (mean(of(name, figure)) / mean(of(dense, figure))).toFixed(2);
  return [
    `| ResNet-${DEPTH} of width 4, K=${STAGES}, AuxNet | its time, all rounds | quickest round | fidelity of stage 0 | before end to end | after | compact network |`,
    '|---|---|---|---|---|---|---|',
    ...CONTESTS.map(({ name }) => {
      const times = [ratio(name, (run) => run.milliseconds), ratio(name, (run) => run.quickest)];
      const fidelities = of(name, (run) => run.fidelity);
      const fidelity = fidelities.map((value) => value.toFixed(2)).join(', ');
      const shares = [
        of(name, (run) => run.before),
        of(name, (run) => run.after),
        of(name, (run) => run.compact),
      ];
      return `| ${[name, ...times, fidelity, ...shares.map(inPercent)].join(' | ')} |`;
    }),
  ];
}
