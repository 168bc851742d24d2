import { resolved, type SpecChanges } from '../../test/jobs/support/specs.js';
import { runPlan, withBlobs } from '../../test/trainer/support/run-plan.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';

/** A whole job in this process, task by task. */
export interface TrainedJob {
  readonly name: string;
  readonly seed: number;
  /** Steps until two reports in turn of the last stage's loss, ten steps apart, are at most the target; else null. */
  readonly steps: number | null;
  /** Share of the 10,000 test images that the full network classifies right, at the end. */
  readonly accuracy: number;
  readonly seconds: number;
}

type Contest = readonly [name: string, spec: SpecChanges];

const TARGET = 0.5;

/** K-FAC and SGD with one, two and four stages: ResNet-14 of width 4, six epochs of 2,048 images in batches of 64. */
export function factorContests(): Contest[] {
  return [1, 2, 4].flatMap((stages) =>
    (['sgd', 'kfac'] as const).map((type): Contest => {
      const method = stages === 1 ? { type: 'backprop' as const, stages } : { stages };
      const size = { max_train_samples: 2048, batch_size: 64, epochs: 6, model: { depth: 14, width: 4 } };
      return [`K=${stages} ${type}`, { ...size, method, optimizer: { type } }];
    }),
  );
}

const SMALL_BATCH = 100;
/** Rates of a batch of 100. */
const RATES = { sgd: 0.1, lars: 0.25, lamb: 0.02 } as const;

/**
 * Larger batches, each rule with and without a warm-up over the first of five epochs of 20,480 images. Nothing is tuned: sgd's
 * rate grows as the batch does (Goyal et al., arXiv:1706.02677), those of the rules that follow norms as its square root (You et
 * al., arXiv:1904.00962).
 */
export function batchContests(): Contest[] {
  const rules = (['sgd', 'lars', 'lamb'] as const).flatMap((type) =>
    [0, 1].map((warmup_epochs) => ({ type, warmup_epochs })),
  );
  return [SMALL_BATCH, 1000, 4000].flatMap((batch) =>
    rules.map(({ type, warmup_epochs }): Contest => {
      const times = batch / SMALL_BATCH;
      const learning_rate = RATES[type] * (type === 'sgd' ? times : Math.sqrt(times));
      const size = { max_train_samples: 20_480, batch_size: batch, epochs: 5, model: { depth: 8, width: 4 } };
      const optimizer = { type, learning_rate, schedule: { warmup_epochs } };
      const name = `batch ${batch} ${type}${warmup_epochs > 0 ? ', warm-up' : ''}`;
      return [name, { ...size, method: { type: 'backprop' }, optimizer }];
    }),
  );
}

export async function trainJobs(
  contests: readonly Contest[],
  seeds: readonly number[],
  say: (line: string) => void,
): Promise<TrainedJob[]> {
  const trained: TrainedJob[] = [];
  for (const seed of seeds)
    for (const [name, changes] of contests) {
      const job = await trainJob(name, changes, seed);
      say(`… ${name}, seed ${seed}: ${job.steps ?? '-'} steps, ${job.accuracy.toFixed(3)}`);
      trained.push(job);
    }
  return trained;
}

async function trainJob(name: string, { model, ...changes }: SpecChanges, seed: number): Promise<TrainedJob> {
  const spec = resolved({ seed, exports: [], ...changes, model: { family: 'resnet', ...model } });
  const started = performance.now();
  return await withBlobs(async (blobs) => {
    const { successes, samples } = await runPlan(spec, blobs, undefined, undefined, WHOLE_MNIST);
    const last = spec.method.stages - 1;
    const losses = samples
      .filter((sample) => sample.name === 'loss' && (sample.stage === null || sample.stage === last))
      .toSorted((a, b) => a.step - b.step);
    const arrived = losses.find(
      ({ value }, index) => index > 0 && value <= TARGET && losses[index - 1]!.value <= TARGET,
    );
    return {
      ...{ name, seed, steps: arrived ? arrived.step + 1 : null },
      accuracy: successes.get('finalize')!.result.test_accuracy!,
      seconds: (performance.now() - started) / 1000,
    };
  });
}
