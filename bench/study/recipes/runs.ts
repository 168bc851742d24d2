import type { JobSpec, ResolvedSpec } from '../../../src/contract/spec.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import { jobSpec, type SpecChanges } from '../../../test/jobs/support/specs.js';
import { type Choice, factsOf } from './images.js';
import type { Result } from './results.js';
import { BASELINE, OPTIMIZER, PLAIN, SETTING, STEPS, type Step } from './steps.js';

/** A job of the study, and what its line says beside its figures. */
export interface Run {
  readonly line: Omit<Result, 'validation' | 'test'>;
  readonly dataset: string;
  readonly spec: ResolvedSpec;
  /** The run that it starts from; null starts from random weights. */
  readonly from: Run | null;
}

const SEEDS = [1, 2, 3] as const;
const [STORED, TESTED] = [5_000, 2_000];
/** 2,000 images: every choice is made by them. */
const VALIDATION_SHARE = 2_000 / STORED;

/** Images of ten classes; of the first five, to start from; of the other five, of which a job has 200. */
export const CHOICES = {
  whole: {
    name: 'cifar10-16',
    source: 'cifar10',
    side: 16,
    classes: [0, 10],
    trainCount: STORED,
    testCount: TESTED,
  },
  large: {
    name: 'cifar10-32',
    source: 'cifar10',
    side: 32,
    classes: [0, 10],
    trainCount: STORED,
    testCount: TESTED,
  },
  first: {
    name: 'cifar10-16-first',
    source: 'cifar10',
    side: 16,
    classes: [0, 5],
    trainCount: STORED,
    testCount: TESTED,
  },
  others: {
    name: 'cifar10-16-others',
    source: 'cifar10',
    side: 16,
    classes: [5, 10],
    trainCount: 2_200,
    testCount: TESTED,
  },
  clothes: {
    name: 'fashion-first',
    source: 'fashion-mnist',
    side: 28,
    classes: [0, 8],
    trainCount: STORED,
    testCount: TESTED,
  },
  shirts: {
    name: 'fashion-others',
    source: 'fashion-mnist',
    side: 28,
    classes: [8, 10],
    trainCount: 2_200,
    testCount: TESTED,
  },
} as const satisfies Record<string, Choice>;

const METHODS = {
  'back-propagation': { type: 'backprop', stages: 1 },
  'augmented Lagrangian': { type: 'augmented-lagrangian', stages: 2 },
  pipeline: { type: 'pipeline', stages: 2 },
} as const satisfies Record<string, SpecChanges['method']>;
type MethodName = keyof typeof METHODS;
/** The methods that the steps are tried with. */
const COMPARED = ['back-propagation', 'augmented Lagrangian'] as const;

function runOf(
  place: Pick<Run['line'], 'part' | 'row' | 'seed'>,
  choice: Choice,
  method: MethodName,
  changes: SpecChanges,
  from: Run | null = null,
): Run {
  const { stages } = METHODS[method];
  const { name, side } = choice;
  return {
    line: { run: [place.row, method, side, place.seed].join('/'), ...place, side, method, stages },
    dataset: name,
    spec: resolveSpec(
      jobSpec({
        ...SETTING,
        exports: [],
        method: METHODS[method],
        ...changes,
        optimizer: { ...OPTIMIZER, ...changes.optimizer },
        ...(from && { init_from: { checkpoint: 'job_1-final', head: 'new' } }),
      }),
      factsOf(choice),
      place.seed,
    ),
    from,
  };
}

function stepRun({ name, changes }: Step, method: MethodName, seed: number, choice: Choice): Run {
  return runOf({ part: 'steps', row: name, seed }, choice, method, {
    validation_share: VALIDATION_SHARE,
    ...(changes as Partial<JobSpec>),
  });
}

/** Fine-tuning at a fifth of the rate, which keeps more of what the network knows. */
const LOW_RATE = 'fine-tuned at a fifth of the rate';
const SLOWER = { optimizer: { learning_rate: OPTIMIZER.learning_rate / 5 } };

/** Fine-tuning on 200 images of some classes, from a network that knows the `first` ones and from chance. */
function worthRuns(seed: number, first: Choice, others: Choice): Run[] {
  const before = runOf({ part: 'worth', row: 'before', seed }, first, 'back-propagation', {
    max_train_samples: 3_000,
    validation_share: VALIDATION_SHARE,
    batch_size: 100,
    epochs: 8,
  });
  const few = { max_train_samples: 200, batch_size: 20, epochs: 30, validation_share: 10 / 11 };
  const methods = Object.keys(METHODS) as MethodName[];
  return [
    before,
    ...methods.flatMap((method) => [
      runOf({ part: 'worth', row: 'from chance', seed }, others, method, few),
      runOf({ part: 'worth', row: 'fine-tuned', seed }, others, method, few, before),
      runOf({ part: 'worth', row: LOW_RATE, seed }, others, method, { ...few, ...SLOWER }, before),
    ]),
  ];
}

/** The rows that are tried at the full size of the images, too: those that a recipe rests on. */
const AT_FULL_SIZE = [BASELINE, PLAIN];

/** Every run, in the order in which they are made: one seed of every row first, then the others row by row. */
export function allRuns(): Run[] {
  const rowRuns = (step: Step, seeds: readonly number[], choice: Choice = CHOICES.whole) =>
    seeds.flatMap((seed) => COMPARED.map((method) => stepRun(step, method, seed, choice)));
  const atFullSize = STEPS.filter(({ name }) => AT_FULL_SIZE.includes(name));
  const [first, ...others] = SEEDS;
  return [
    ...STEPS.flatMap((step) => rowRuns(step, [first])),
    ...SEEDS.flatMap((seed) => worthRuns(seed, CHOICES.first, CHOICES.others)),
    ...STEPS.flatMap((step) =>
      rowRuns(
        step,
        others.filter((seed) => step.seeds.includes(seed)),
      ),
    ),
    ...SEEDS.flatMap((seed) => atFullSize.flatMap((step) => rowRuns(step, [seed], CHOICES.large))),
    ...SEEDS.flatMap((seed) => worthRuns(seed, CHOICES.clothes, CHOICES.shirts)),
  ];
}
