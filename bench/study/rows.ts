import type { NewJob } from '../../client/src/index.js';

/** What every job of the study has in common. */
export const SETTING = {
  model: { family: 'resnet', depth: 14, width: 8 },
  max_train_samples: 20_000,
  batch_size: 100,
  optimizer: { learning_rate: 0.1 },
} as const;

export const SEEDS: readonly number[] = [1, 2];

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
}

const row = (label: string, epochs: number, stages: number, method: Method): Row => ({
  name: `${label}, ${stages > 1 ? `K=${stages}, ` : ''}${epochs} epochs`,
  method: { ...method, stages },
  epochs,
});

/** Its time on one device is what the others are given on K devices. */
export const REFERENCE = row('back-propagation', 8, 1, { type: 'backprop' });

const AL = 'augmented Lagrangian';

export const ROWS: readonly Row[] = [
  REFERENCE,
  row(AL, 11, 2, { type: 'augmented-lagrangian' }),
  row(AL, 12, 3, { type: 'augmented-lagrangian' }),
  row(AL, 14, 4, { type: 'augmented-lagrangian' }),
  row('local heads', 11, 2, { type: 'local-heads' }),
  row('local heads', 14, 4, { type: 'local-heads' }),
  row('penalty', 11, 2, { type: 'penalty' }),
  row('frozen control', 11, 2, { type: 'frozen' }),
  row('back-propagation', 11, 1, { type: 'backprop' }),
];

/** Names of the rows whose curves the picture shows. */
export const CURVES: readonly string[] = ROWS.slice(0, 5).map(({ name }) => name);

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

/** Takes the steps of a row's job, few of them. */
export function timedBodyOf({ method }: Row, dataset: string): NewJob {
  const name = `time of ${method.type}, K=${method.stages}`;
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
