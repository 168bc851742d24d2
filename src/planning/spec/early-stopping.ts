import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../method/rounds.js';
import { validationImages } from '../../method/samples.js';
import { decidingRounds } from '../stopping/deciding-rounds.js';
import { isGain } from '../validation-metric.js';
import type { Problems } from './problems.js';

type Stopped = JobSpec & Pick<ResolvedSpec, 'method'>;

/** A rule that can end nothing is refused: the job would train every round, and nobody would know why. */
export function checkEarlyStopping(spec: Stopped, dataset: DatasetFacts, report: Problems): void {
  const { early_stopping: rule } = spec;
  if (rule === null) return;
  if (validationImages(spec, dataset) === null) {
    report(
      '/early_stopping',
      'compares figures of validation images, and the job has none; set validation_share, for example to 0.1',
    );
  }
  if (isGain(rule.metric) && (rule.target ?? 0) > 1) {
    report('/early_stopping/target', `${rule.metric} is at most 1; use 0 to 1`);
  }
  if (spec.evaluate_every === null) {
    report(
      '/early_stopping',
      'compares evaluations between rounds, and the job has none; set evaluate_every, for example to 1',
    );
  } else checkEvaluations(spec, rule, dataset, report);
}

function checkEvaluations(
  spec: Stopped,
  rule: NonNullable<JobSpec['early_stopping']>,
  dataset: DatasetFacts,
  report: Problems,
): void {
  const rounds = roundsOf(spec, dataset);
  const deciding = decidingRounds(spec, rounds);
  if (deciding.length === 0) {
    report(
      '/early_stopping',
      `ends rounds early, and no evaluation comes before the last of the ${rounds.parallelRounds} rounds of the layer-parallel phase; use a smaller method.round_steps or evaluate_every, or more epochs`,
    );
    return;
  }
  const last = deciding[deciding.length - 1];
  if (last !== undefined && last.epochs < rule.min_epochs) {
    report(
      '/early_stopping/min_epochs',
      `the last evaluation that can end anything comes after ${Number(last.epochs.toFixed(2))} epochs; use at most that`,
    );
  }
  // The first evaluation is always the best so far.
  if (rule.target === null && deciding.length <= rule.patience) {
    report(
      '/early_stopping/patience',
      `${deciding.length} evaluations come before the last round, so the patience can never be used up; use less than that, or a smaller evaluate_every or method.round_steps`,
    );
  }
}
