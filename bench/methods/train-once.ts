import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';
import { CONTENDERS, specOf } from './contenders.js';
import type { Run } from './summary.js';

/** Trains a whole job in this process, task by task, and scores all 10,000 test images. */
export async function trainOnce(name: string, seed: number): Promise<Run> {
  const started = performance.now();
  return await withBlobs(async (blobs) => {
    const { successes } = await runPlan(
      specOf(CONTENDERS[name]!, seed),
      blobs,
      undefined,
      undefined,
      WHOLE_MNIST,
    );
    const evaluated = [...successes].filter(([key]) => key.startsWith('evaluate')).at(-1)?.[1].result;
    const { test_accuracy, compact_accuracy } = successes.get('finalize')!.result;
    return {
      method: name,
      seed,
      before: evaluated?.test_accuracy ?? null,
      after: test_accuracy!,
      compact: compact_accuracy ?? null,
      seconds: (performance.now() - started) / 1000,
    };
  });
}
