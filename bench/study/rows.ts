import type { NewJob } from '../../client/src/index.js';

/** The common part of all jobs of the study. */
export const SETTING = {
  model: { family: 'resnet', depth: 26, width: 8 },
  max_train_samples: 20_000,
  // Choices are made on the last 5,000 of CIFAR-10's training images, which no job trains on.
  validation_share: 0.1,
  batch_size: 100,
  optimizer: { learning_rate: 0.1, nesterov: true, weight_decay: 5e-4 },
} as const;

/** Steps between two messages or means of the devices; at 200 steps an epoch. */
const ROUND_STEPS = 50;
/** Every three epochs. */
const EVALUATE_EVERY = 12;
/** Images and epochs of the jobs that only measure time: four rounds, of which the first does not count. */
const TIMED_IMAGES = 10_000;
const TIMED_EPOCHS = 2;

type Method = NonNullable<NewJob['method']>;

/** CIFAR-10 at half its size, each pixel the mean of four, or as it is. */
export type Images = 'cifar10-16x16' | 'cifar10';

/** Subject of the comparison: a method, and its number of epochs. */
export interface Row {
  readonly name: string;
  readonly method: Method & { readonly stages: number };
  readonly epochs: number;
  readonly seeds: readonly number[];
  readonly images: Images;
  /** Fields of the row in place of those of SETTING. */
  readonly changes: Partial<Pick<NewJob, 'model' | 'max_train_samples'>>;
}

interface Choices {
  readonly seeds?: readonly number[];
  readonly images?: Images;
  readonly changes?: Row['changes'];
}

const HEADLINE = [1, 2, 3] as const;
const TWO = [1, 2] as const;
const ONE = [1] as const;

function row(
  label: string,
  epochs: number,
  stages: number,
  method: Method,
  { seeds = HEADLINE, images = 'cifar10-16x16', changes = {} }: Choices = {},
): Row {
  const name = `${label}, ${stages > 1 ? `K=${stages}, ` : ''}${epochs} epochs${images === 'cifar10' ? ' at 32x32' : ''}`;
  return { name, method: { ...method, stages }, epochs, seeds, images, changes };
}

const serial = (epochs: number, choices: Choices = {}) =>
  row('back-propagation', epochs, 1, { type: 'backprop' }, choices);

/** Its time on one device is what the others are given on K devices. */
export const REFERENCE = serial(6);

/** The values of the prototype (docs/method.md, "Steps between rounds"). */
const OUTER = { outer: { rate: 0.7, momentum: 0.5 } } as const;
const WITH_OUTER = 'with the step between rounds';

/** Blocks of each stage, by measured times: 12 blocks, of which those on large images take longer. */
const SPLITS: Readonly<Record<number, readonly number[]>> = {
  2: [5, 7],
  4: [2, 2, 4, 4],
  8: [1, 1, 1, 1, 2, 2, 2, 2],
};

const split = (stages: number) => ({ split: [...SPLITS[stages]!] });

const pipeline = (epochs: number, stages: number, outer: boolean, choices?: Choices) =>
  row(
    outer ? `pipeline ${WITH_OUTER}` : 'pipeline',
    epochs,
    stages,
    { type: 'pipeline', ...split(stages), ...(outer && OUTER) },
    choices,
  );

const lagrangian = (epochs: number, stages: number, choices?: Choices) =>
  row('augmented Lagrangian', epochs, stages, { type: 'augmented-lagrangian', ...split(stages) }, choices);

/** Data-parallel back-propagation as the service has it: nothing but the end-to-end phase. */
const localSgd = (epochs: number, devices: number, outer: boolean, choices?: Choices) =>
  row(
    `local SGD${outer ? ` ${WITH_OUTER}` : ''}, ${devices} devices`,
    epochs,
    1,
    { type: 'backprop', end_to_end_share: 1, end_to_end_replicas: devices, ...(outer && OUTER) },
    choices,
  );

/** Blocks that start as their shortcut. */
const ZERO: Choices = { seeds: ONE, changes: { model: { ...SETTING.model, zero_init_residual: true } } };

/** All of CIFAR-10 as it is, but for the validation images. Its steps were not timed. */
const LARGE: Choices = { seeds: ONE, images: 'cifar10', changes: { max_train_samples: null } };

// The number of epochs that fit into the time of the reference on K devices.
export const ROWS: readonly Row[] = [
  REFERENCE,
  serial(7),
  pipeline(10, 2, true),
  localSgd(12, 2, true),
  localSgd(12, 2, false, { seeds: TWO }),
  localSgd(13, 2, true),
  localSgd(13, 2, false, { seeds: TWO }),
  pipeline(10, 2, false, { seeds: TWO }),
  lagrangian(9, 2, { seeds: TWO }),
  pipeline(16, 4, true),
  localSgd(22, 4, true, { seeds: TWO }),
  localSgd(22, 4, false, { seeds: TWO }),
  localSgd(29, 4, true),
  localSgd(29, 4, false, { seeds: TWO }),
  pipeline(16, 4, false, { seeds: TWO }),
  lagrangian(15, 4, { seeds: TWO }),
  pipeline(20, 8, true, { seeds: ONE }),
  lagrangian(15, 8, { seeds: ONE }),
  serial(10),
  serial(16),
  row('back-propagation from zeros in the last norms', 6, 1, { type: 'backprop' }, ZERO),
  row(
    'pipeline from zeros in the last norms, with the step between rounds',
    10,
    2,
    { type: 'pipeline', ...split(2), ...OUTER },
    ZERO,
  ),
  serial(2, LARGE),
  pipeline(2, 2, true, LARGE),
];

/** The order of the runs: seeds 1 and 2 of the headline, the first seed of all else, and then the rest. */
export const RUNS: readonly Run[] = ROWS.flatMap((each) =>
  each.seeds.map((seed): Run => ({ row: each, seed })),
).toSorted((a, b) => turnOf(a) - turnOf(b));

interface Run {
  readonly row: Row;
  readonly seed: number;
}

function turnOf({ row: { seeds, images, changes }, seed }: Run): number {
  if (images !== REFERENCE.images) return 4;
  if (Object.keys(changes).length > 0) return 3.5;
  if (seeds === HEADLINE) return seed < 3 ? seed : 6;
  return seed === 1 ? 3 : 5;
}

/** Back-propagation on one device. */
export function isSerial({ method }: Pick<Row, 'method'>): boolean {
  return method.type === 'backprop' && (method.end_to_end_replicas ?? 1) === 1;
}

/** Names of the rows whose curves the picture shows. */
export const CURVES: readonly string[] = ROWS.filter(
  ({ method, images, changes }) =>
    images === REFERENCE.images &&
    Object.keys(changes).length === 0 &&
    (isSerial({ method }) || method.type === 'augmented-lagrangian' || method.outer !== undefined) &&
    method.stages <= 4 &&
    (method.end_to_end_replicas ?? 1) === 1,
).map(({ name }) => name);

export function nameOf({ name }: Row, seed: number): string {
  return `${name}, seed ${seed}`;
}

export function bodyOf(row: Row, seed: number): NewJob {
  const { name, method, epochs, images, changes } = row;
  return {
    ...SETTING,
    ...changes,
    dataset: images,
    name: nameOf(row, seed),
    metadata: { study: 'accuracy', row: name, seed: String(seed) },
    epochs,
    method: { ...method, round_steps: ROUND_STEPS },
    evaluate_every: EVALUATE_EVERY,
    seed,
    exports: [],
  };
}

/** Rows with the same take as long a step. */
export function timeKey({ method, images }: Pick<Row, 'method' | 'images'>): string {
  const size = images === REFERENCE.images ? '' : ', 32x32';
  return `${method.type}, K=${method.stages}${size}`;
}

/** Takes the steps of a row's job, few of them. */
export function timedBodyOf(
  { method, images }: Row,
  { slots = 1, epochs = TIMED_EPOCHS }: { readonly slots?: number; readonly epochs?: number } = {},
): NewJob {
  const name = `time of ${timeKey({ method, images })}`;
  return {
    ...SETTING,
    dataset: images,
    name,
    metadata: { study: 'time', row: name, slots: String(slots) },
    max_train_samples: TIMED_IMAGES,
    epochs,
    // One slot measures: replicas would only take turns.
    method: {
      ...method,
      round_steps: ROUND_STEPS,
      end_to_end_replicas: 1,
      outer: { rate: null, momentum: null },
    },
    evaluate_every: null,
    seed: 1,
    exports: [],
  };
}
