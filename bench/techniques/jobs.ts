import type { ResolvedSpec } from '../../src/contract/spec.js';
import { resolved, type SpecChanges } from '../../test/jobs/support/specs.js';
import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';

/** Short jobs on purpose: methods differ most in their first steps. */
export const SETTING = { width: 4, samples: 2048, batch: 32, epochs: 2 } as const;

/** A job in this process; accuracies as shares of the 10,000 test images. */
export interface JobRun {
  /** At the end of the layer-parallel phase; null where there is none. */
  readonly before: number | null;
  readonly after: number;
}

/** @param model its depth alone is that of a ResNet */
export function jobOf(
  model: number | NonNullable<SpecChanges['model']>,
  method: NonNullable<SpecChanges['method']>,
  seed: number,
  epochs: number = SETTING.epochs,
): ResolvedSpec {
  const { width, samples, batch } = SETTING;
  return resolved({
    ...{ seed, epochs, batch_size: batch, max_train_samples: samples, exports: [] },
    model: { width, ...(typeof model === 'number' ? { family: 'resnet', depth: model } : model) },
    method: { end_to_end_replicas: 1, ...method },
  });
}

/** Trains a whole job, task by task. */
export async function trainJob(spec: ResolvedSpec): Promise<JobRun> {
  return await withBlobs(async (blobs) => {
    const { successes } = await runPlan(spec, blobs, undefined, undefined, WHOLE_MNIST);
    const evaluated = [...successes].filter(([key]) => key.startsWith('evaluate')).at(-1)?.[1].result;
    return {
      before: evaluated?.test_accuracy ?? null,
      after: successes.get('finalize')!.result.test_accuracy!,
    };
  });
}

/** A run of one of several contenders. */
export interface NamedRun<Name extends string> extends JobRun {
  readonly name: Name;
  readonly seed: number;
}

/** Trains every contender with each seed. */
export async function trainAll<Contender extends { readonly name: string }>(
  contenders: readonly Contender[],
  specOf: (contender: Contender, seed: number) => ResolvedSpec,
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<NamedRun<Contender['name']>[]> {
  const runs: NamedRun<Contender['name']>[] = [];
  for (const seed of seeds) {
    for (const contender of contenders) {
      const { name }: { readonly name: Contender['name'] } = contender;
      const run = await trainJob(specOf(contender, seed));
      runs.push({ name, seed, ...run });
      say(`… ${name}, seed ${seed}: ${run.after.toFixed(3)}`);
    }
  }
  return runs;
}

/** A table of the contenders' accuracies. */
export function accuracyTable<Name extends string>(
  title: string,
  contenders: readonly { readonly name: Name }[],
  runs: readonly NamedRun<Name>[],
): string[] {
  return [
    `| ${title} | before end to end | after |`,
    '|---|---|---|',
    ...contenders.map(({ name }) => {
      const own = runs.filter((run) => run.name === name);
      return `| ${name} | ${accuracyCells(own)} |`;
    }),
  ];
}

/** Accuracies before, if there are any, and after the end-to-end phase. */
export function accuracyCells(runs: readonly JobRun[]): string {
  const before = runs.flatMap((run) => run.before ?? []);
  return `${before.length > 0 ? inPercent(before) : ''} | ${inPercent(runs.map((run) => run.after))}`;
}

/** Mean and standard deviation in percent, as in docs/method.md. */
export function inPercent(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const spread = Math.sqrt(squares / Math.max(1, values.length - 1));
  return `${(100 * mean).toFixed(1)} ± ${(100 * spread).toFixed(1)}`;
}
