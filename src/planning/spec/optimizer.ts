import { JOB_DEFAULTS, OPTIMIZER_DEFAULTS, OPTIMIZER_VECTORS } from '../../contract/generated/defaults.js';
import type { JobSpec, ResolvedOptimizer } from '../../contract/spec.js';
import { accumulatedParts } from '../../method/accumulation.js';
import type { MemoryFacts } from '../costs/pass-facts.js';
import type { Problems } from './problems.js';

type OptimizerSpec = JobSpec['optimizer'];

type OptimizerType = keyof typeof OPTIMIZER_DEFAULTS;
type Field = { [T in OptimizerType]: keyof (typeof OPTIMIZER_DEFAULTS)[T] }[OptimizerType];

const TYPES = Object.keys(OPTIMIZER_DEFAULTS) as OptimizerType[];
const FIELDS = [...new Set(TYPES.flatMap((type) => Object.keys(OPTIMIZER_DEFAULTS[type])))] as Field[];

/** Fills in the optimizer's defaults and refuses fields that it does not have. */
export function resolveOptimizer(
  { optimizer, epochs }: Pick<JobSpec, 'optimizer' | 'epochs'>,
  report: Problems,
): ResolvedOptimizer {
  checkSchedule(optimizer.schedule, epochs, report);
  const defaults = OPTIMIZER_DEFAULTS[optimizer.type] as { readonly [F in Field]?: number };
  for (const field of FIELDS) {
    if (optimizer[field] === null || field in defaults) continue;
    report(
      `/optimizer/${field}`,
      `is for ${TYPES.filter((type) => field in OPTIMIZER_DEFAULTS[type]).join(', ')}; leave it out with ` +
        `${optimizer.type}, which has ${Object.keys(defaults).join(', ')}`,
    );
  }
  const values = FIELDS.map((field) => [
    field,
    field in defaults ? (optimizer[field] ?? defaults[field]) : null,
  ]);
  // The type of the result follows from the table: a number for each field of `defaults`, null for the others.
  const resolved = { ...optimizer, ...Object.fromEntries(values) } as ResolvedOptimizer;
  checkNesterov(resolved, report);
  checkDecay(resolved, report);
  return resolved;
}

function checkNesterov({ type, nesterov, momentum }: ResolvedOptimizer, report: Problems): void {
  if (!nesterov) return;
  if (momentum === null) report('/optimizer/nesterov', `needs a momentum, which ${type} has not; use false`);
  else if (momentum === 0) {
    report('/optimizer/nesterov', 'requires momentum; use a momentum above 0, or false');
  }
}

/** A warm-up must end before the run does, and before the first drop of the rate. */
function checkSchedule(schedule: OptimizerSpec['schedule'], runEpochs: number, report: Problems): void {
  const { type, warmup_epochs: warmup, cooldown_epochs: cooldown, milestones } = schedule;
  const pointer = '/optimizer/schedule/warmup_epochs';
  const epochs = shortestCycle(schedule, runEpochs, report);
  const what =
    epochs < runEpochs ? `the ${epochs} epochs between two restarts` : `the run's ${epochs} epochs`;
  if (warmup >= epochs) {
    report(pointer, `must be below ${what}, or the rate never arrives`);
    return;
  }
  if (warmup + cooldown >= epochs) {
    report(
      '/optimizer/schedule/cooldown_epochs',
      `with the warm-up, must leave some of ${what} for the way down`,
    );
  }
  const first = Math.min(...milestones) * epochs;
  if (type === WITH_MILESTONES && warmup > first) {
    report(pointer, `must be at most ${Number(first.toPrecision(3))}, the epoch of the first milestone`);
  }
}

/** Epochs of the shortest part that the schedule covers once. */
function shortestCycle(
  { restart_epochs: restarts }: OptimizerSpec['schedule'],
  epochs: number,
  report: Problems,
): number {
  const bounds = [0, ...restarts, epochs];
  const cycles = bounds.slice(1).map((bound, index) => bound - (bounds[index] ?? 0));
  if (cycles.every((cycle) => cycle > 0)) return Math.min(...cycles);
  report('/optimizer/schedule/restart_epochs', `must ascend, each below the run's ${epochs} epochs`);
  return epochs;
}

/** Schedules that fall to a minimum, and the one whose way down has a power. */
const FALLING: readonly OptimizerSpec['schedule']['type'][] = ['cosine', 'linear', 'polynomial'];
const WITH_POWER = 'polynomial';
const WITH_MILESTONES = 'step';
/** The defaults in openapi.yaml. A job that sends exactly these counts as having sent none. */
const {
  power: DEFAULT_POWER,
  gamma: DEFAULT_GAMMA,
  milestones: DEFAULT_MILESTONES,
} = JOB_DEFAULTS.optimizer.schedule;

function checkDecay(
  { learning_rate: rate, schedule }: Pick<ResolvedOptimizer, 'learning_rate' | 'schedule'>,
  report: Problems,
): void {
  const { type, minimum_rate: min, power, gamma, milestones } = schedule;
  const pointer = '/optimizer/schedule';
  checkEnds(schedule, rate, report);
  if (min > 0 && !FALLING.includes(type)) {
    report(`${pointer}/minimum_rate`, `is for ${FALLING.join(', ')}; use 0 with ${type}`);
  } else if (min > rate) {
    report(`${pointer}/minimum_rate`, `must be at most the learning_rate of ${rate}`);
  }
  if (gamma !== DEFAULT_GAMMA && type !== WITH_MILESTONES) {
    report(
      `${pointer}/gamma`,
      `is for ${WITH_MILESTONES}; use ${DEFAULT_GAMMA} with ${type}, or another type`,
    );
  }
  if (type !== WITH_MILESTONES && String(milestones) !== String(DEFAULT_MILESTONES)) {
    report(
      `${pointer}/milestones`,
      `are for ${WITH_MILESTONES}; leave them out with ${type}, or use another type`,
    );
  }
  if (power !== DEFAULT_POWER && type !== WITH_POWER) {
    report(`${pointer}/power`, `is for ${WITH_POWER}; use ${DEFAULT_POWER} with ${type}, or another type`);
  }
}

/** The rates before and after the way down. */
function checkEnds(
  {
    type,
    minimum_rate: min,
    warmup_epochs: warmup,
    warmup_rate: first,
    cooldown_epochs: cooldown,
  }: OptimizerSpec['schedule'],
  rate: number,
  report: Problems,
): void {
  const pointer = '/optimizer/schedule';
  if (first > 0 && warmup === 0)
    report(`${pointer}/warmup_rate`, 'the rate does not warm up; use 0, or warmup_epochs above 0');
  else if (first > rate) report(`${pointer}/warmup_rate`, `must be at most the learning_rate of ${rate}`);
  if (cooldown === 0) return;
  if (!FALLING.includes(type))
    report(`${pointer}/cooldown_epochs`, `is for ${FALLING.join(', ')}; use 0 with ${type}`);
  else if (min === 0)
    report(`${pointer}/cooldown_epochs`, 'would train at the rate 0; use 0, or a minimum_rate above 0');
}

/** Whether an optimizer keeps the Kronecker factors of kernels. Jobs of earlier versions have no such field. */
export function keepsFactors({ damping }: Pick<ResolvedOptimizer, 'damping'>): boolean {
  return (damping ?? null) !== null;
}

/** The choices of an optimizer that the costs of its steps depend on. Jobs of earlier versions have no factors. */
export function optimizerFacts(optimizer: ResolvedOptimizer): Omit<MemoryFacts, 'precision' | 'channels'> {
  return {
    optimizerVectors: OPTIMIZER_VECTORS[optimizer.type],
    accumulatedParts: accumulatedParts(optimizer),
    factorInterval: optimizer.factor_interval ?? null,
  };
}

/** Share of its mean gradient that a step keeps, 0 to 1: the mean forgets in about 1 / (1 - share) steps. */
export function optimizerMemory({ momentum, beta1 }: Pick<ResolvedOptimizer, 'momentum' | 'beta1'>): number {
  return momentum ?? beta1 ?? 0;
}
