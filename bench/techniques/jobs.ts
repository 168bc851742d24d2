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
  /** Milliseconds of a step of the slowest stage of the layer-parallel phase; null where there is none. */
  readonly slowestMs: number | null;
  /** The same of all stages together: what one device takes. */
  readonly togetherMs: number | null;
}

export function jobOf(depth: number, method: NonNullable<SpecChanges['method']>, seed: number): ResolvedSpec {
  const { width, samples, batch, epochs } = SETTING;
  return resolved({
    ...{ seed, epochs, batch_size: batch, max_train_samples: samples, exports: [] },
    model: { family: 'resnet', depth, width },
    method: { end_to_end_replicas: 1, ...method },
  });
}

/** Trains a whole job, task by task. */
export async function trainJob(spec: ResolvedSpec): Promise<JobRun> {
  return await withBlobs(async (blobs) => {
    const weights = new Map<string, number>();
    const { successes } = await runPlan(
      spec,
      blobs,
      ({ key, weight }) => weights.set(key, weight),
      undefined,
      WHOLE_MNIST,
    );
    const { stages } = spec.method;
    const seconds = new Map<string, number>();
    let steps = 0;
    for (const [key, { seconds: parts }] of successes) {
      const stage = /^stage-(\d+)-/.exec(key)?.[1];
      if (stage === undefined || stages === 1) continue;
      const spent = Object.entries(parts).reduce((sum, [name, s]) => sum + (UNCOUNTED.has(name) ? 0 : s), 0);
      seconds.set(stage, (seconds.get(stage) ?? 0) + spent);
      if (stage === '0') steps += (weights.get(key) ?? 0) * stages;
    }
    const each = [...seconds.values()].map((spent) => (1000 * spent) / steps);
    const evaluated = [...successes].filter(([key]) => key.startsWith('evaluate')).at(-1)?.[1].result;
    return {
      before: evaluated?.test_accuracy ?? null,
      after: successes.get('finalize')!.result.test_accuracy!,
      slowestMs: each.length > 0 ? Math.max(...each) : null,
      togetherMs: each.length > 0 ? each.reduce((sum, ms) => sum + ms, 0) : null,
    };
  });
}

/** Parts of a task that are no parts of its steps. */
const UNCOUNTED = new Set(['start', 'checkpoint', 'report']);

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean and standard deviation in percent, as in docs/method.md. */
export function inPercent(values: readonly number[]): string {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const spread = Math.sqrt(squares / Math.max(1, values.length - 1));
  return `${(100 * mean).toFixed(1)} ± ${(100 * spread).toFixed(1)}`;
}
