import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../method/rounds.js';
import { validationImages } from '../../method/samples.js';
import { candidatesOf } from '../tasks/task-graph.js';
import type { Problems } from './problems.js';

type Selecting = Parameters<typeof roundsOf>[0] &
  Pick<ResolvedSpec, 'selection' | 'evaluate_every' | 'method'>;

/** `best` needs evaluations to choose from, in one phase. */
export function checkSelection(spec: Selecting, dataset: DatasetFacts, report: Problems): void {
  if (spec.selection.keep !== 'best') return;
  if (validationImages(spec, dataset) === null) {
    report(
      '/selection/keep',
      '`best` is measured on validation images, and the job has none; set validation_share, for example to 0.1',
    );
  }
  if (spec.evaluate_every === null) {
    report(
      '/selection/keep',
      '`best` compares evaluations between rounds, and the job has none; set evaluate_every, for example to 1',
    );
    return;
  }
  const rounds = roundsOf(spec, dataset);
  const evaluations = candidatesOf(spec, rounds).length;
  if (evaluations > 1) return;
  const phase = rounds.endToEndRounds > 0 ? 'end-to-end' : 'layer-parallel';
  report(
    '/selection/keep',
    `\`best\` compares evaluations of the last phase, the ${phase} one, which has ${evaluations}; use a smaller method.round_steps or evaluate_every, or \`last\``,
  );
}
