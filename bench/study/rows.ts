import type { NewJob } from '../../client/src/index.js';

/** The common part of all jobs of the study. */
export const SETTING = {
  model: { family: 'resnet', depth: 20, width: 16 },
  max_train_samples: 20_000,
  batch_size: 100,
  optimizer: { learning_rate: 0.1, nesterov: true, weight_decay: 5e-4 },
} as const;

/** Seeds of the rows that decide, and of the rows for comparison. */
const HEADLINE = [1, 2] as const;
const BESIDE = [1] as const;

/** Steps between two messages of the stages; at 200 steps an epoch. */
const ROUND_STEPS = 50;
/** Every two epochs. */
const EVALUATE_EVERY = 8;
/** Epochs of the jobs that only measure time. */
const TIMED_EPOCHS = 2;

type Method = NonNullable<NewJob['method']>;

/** Subject of the comparison: a method, and its number of epochs. */
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
const LOCAL_HEADS = 'local heads';
/** By measured times: the images are so small that `auto` errs (docs/accuracy.md). */
const HALVES = [4, 5];
const QUARTERS = [2, 2, 2, 3];
/**
 * Larger end-to-end share of the rows that test its effect, now that the joined network is no slower than the
 * stages. The other rows have the default, 0.2.
 */
const MORE = 0.4;
const moreOf = (method: string): string => `${method}, ${100 * MORE} % end to end`;

// The number of epochs that fit into the time of the reference on K devices.
export const ROWS: readonly Row[] = [
  REFERENCE,
  row(AL, 16, 2, { type: 'augmented-lagrangian', split: HALVES }),
  row(AL, 20, 3, { type: 'augmented-lagrangian', split: [3, 3, 3] }, BESIDE),
  row(AL, 24, 4, { type: 'augmented-lagrangian', split: QUARTERS }),
  row(LOCAL_HEADS, 17, 2, { type: 'local-heads', split: HALVES }, BESIDE),
  row('penalty', 18, 2, { type: 'penalty', split: HALVES }, BESIDE),
  row('frozen control', 16, 2, { type: 'frozen', split: HALVES }, BESIDE),
  row('back-propagation', 16, 1, { type: 'backprop' }),
  row(moreOf(AL), 17, 2, { type: 'augmented-lagrangian', split: HALVES, end_to_end_share: MORE }),
  row(moreOf(AL), 27, 4, { type: 'augmented-lagrangian', split: QUARTERS, end_to_end_share: MORE }),
  row(moreOf(LOCAL_HEADS), 17, 2, { type: 'local-heads', split: HALVES, end_to_end_share: MORE }, BESIDE),
  row('local SGD, 2 devices', 20, 1, localSgd(2), BESIDE),
];

/** Data-parallel back-propagation as the service has it: nothing but the end-to-end phase. */
function localSgd(replicas: number): Method {
  return { type: 'backprop', end_to_end_share: 1, end_to_end_replicas: replicas };
}

/** Back-propagation on one device. */
export function isSerial({ method }: Pick<Row, 'method'>): boolean {
  return method.type === 'backprop' && (method.end_to_end_replicas ?? 1) === 1;
}

/** Names of the rows whose curves the picture shows. */
export const CURVES: readonly string[] = [0, 1, 3, 4, 7].map((index) => ROWS[index]!.name);

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
    // One slot measures: replicas would only take turns.
    method: { ...method, round_steps: ROUND_STEPS, end_to_end_replicas: 1 },
    seed: 1,
    exports: [],
  };
}
