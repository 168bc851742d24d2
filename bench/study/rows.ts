import type { NewJob } from '../../client/src/index.js';

/** What every job of the study has in common. */
export const SETTING = {
  model: { family: 'resnet', depth: 20, width: 16 },
  max_train_samples: 20_000,
  batch_size: 100,
  optimizer: { learning_rate: 0.1, nesterov: true, weight_decay: 5e-4 },
} as const;

/** Of the rows that decide, and of those that show how the others stand. */
const HEADLINE = [1, 2] as const;
const BESIDE = [1] as const;

/** Steps between two messages of the stages; at 200 steps an epoch. */
const ROUND_STEPS = 50;
/** Every two epochs. */
const EVALUATE_EVERY = 8;
/** Of the jobs that only measure time. */
const TIMED_EPOCHS = 2;

type Method = NonNullable<NewJob['method']>;

/** What is compared: a method, and for how many epochs. */
export interface Row {
  readonly name: string;
  readonly method: Method & { readonly stages: number };
  readonly epochs: number;
  readonly seeds: readonly number[];
}

const row = (
  label: string,
  epochs: number,
  stages: number,
  method: Method,
  seeds: readonly number[] = HEADLINE,
): Row => ({
  name: `${label}, ${stages > 1 ? `K=${stages}, ` : ''}${epochs} epochs`,
  method: { ...method, stages },
  epochs,
  seeds,
});

/** Its time on one device is what the others are given on K devices. */
export const REFERENCE = row('back-propagation', 10, 1, { type: 'backprop' });

const AL = 'augmented Lagrangian';
/** By measured times: the images are so small that `auto` errs (docs/accuracy.md). */
const HALVES = [4, 5];

// As many epochs as fit into the reference's time on K devices.
export const ROWS: readonly Row[] = [
  REFERENCE,
  row(AL, 14, 2, { type: 'augmented-lagrangian', split: HALVES }),
  row(AL, 16, 3, { type: 'augmented-lagrangian', split: [3, 3, 3] }, BESIDE),
  row(AL, 17, 4, { type: 'augmented-lagrangian', split: [2, 2, 2, 3] }),
  row('local heads', 14, 2, { type: 'local-heads', split: HALVES }),
  row('local heads', 20, 4, { type: 'local-heads', split: [2, 2, 2, 3] }, BESIDE),
  row('penalty', 14, 2, { type: 'penalty', split: HALVES }, BESIDE),
  row('frozen control', 14, 2, { type: 'frozen', split: HALVES }, BESIDE),
  row('back-propagation', 14, 1, { type: 'backprop' }),
];

/** Names of the rows whose curves the picture shows. */
export const CURVES: readonly string[] = [0, 1, 3, 4, 8].map((index) => ROWS[index]!.name);

export function bodyOf({ name, method, epochs }: Row, seed: number, dataset: string): NewJob {
  return {
    ...SETTING,
    dataset,
    name: `${name}, seed ${seed}`,
    metadata: { study: 'accuracy', row: name, seed: String(seed) },
    epochs,
    method: { ...method, round_steps: ROUND_STEPS },
    evaluate_every: EVALUATE_EVERY,
    seed,
    exports: [],
  };
}

/** Rows with the same take as long a step. */
export function timeKey({ method }: Pick<Row, 'method'>): string {
  return `${method.type}, K=${method.stages}`;
}

/** Takes the steps of a row's job, few of them. */
export function timedBodyOf({ method }: Row, dataset: string): NewJob {
  const name = `time of ${timeKey({ method })}`;
  return {
    ...SETTING,
    dataset,
    name,
    metadata: { study: 'time', row: name },
    epochs: TIMED_EPOCHS,
    method: { ...method, round_steps: ROUND_STEPS },
    seed: 1,
    exports: [],
  };
}
