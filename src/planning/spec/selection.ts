import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../method/rounds.js';
import { validationImages } from '../../method/samples.js';
import { candidatesOf } from '../tasks/task-graph.js';
import type { Problems } from './problems.js';

type Selecting = Parameters<typeof roundsOf>[0] &
  Pick<ResolvedSpec, 'selection' | 'evaluate_every' | 'method'>;

/** `best` needs evaluations to choose from, in one phase. */
export function checkSelection(spec: Selecting, dataset: DatasetFacts, report: Problems): void {
  const { keep, checkpoints } = spec.selection;
  if (keep === 'best')
    checkEvaluations(spec, dataset, { pointer: '/selection/keep', what: '`best`', or: '`last`' }, report);
  // Specs of earlier versions have no checkpoints to keep.
  if ((checkpoints?.best ?? 0) > 0) {
    const words = { pointer: '/selection/checkpoints/best', what: 'the best', or: '0' };
    checkEvaluations(spec, dataset, words, report);
  }
}

interface Words {
  readonly pointer: string;
  readonly what: string;
  /** The value that needs no evaluations. */
  readonly or: string;
}

function checkEvaluations(
  spec: Selecting,
  dataset: DatasetFacts,
  { pointer, what, or }: Words,
  report: Problems,
): void {
  if (validationImages(spec, dataset) === null) {
    report(
      pointer,
      `${what} is measured on validation images, and the job has none; set validation_share, for example to 0.1`,
    );
  }
  if (spec.evaluate_every === null) {
    report(
      pointer,
      `${what} compares evaluations between rounds, and the job has none; set evaluate_every, for example to 1`,
    );
    return;
  }
  const rounds = roundsOf(spec, dataset);
  const evaluations = candidatesOf(spec, rounds).length;
  if (evaluations > 1) return;
  const phase = rounds.endToEndRounds > 0 ? 'end-to-end' : 'layer-parallel';
  report(
    pointer,
    `${what} compares evaluations of the last phase, the ${phase} one, which has ${evaluations}; use a smaller method.round_steps or evaluate_every, or ${or}`,
  );
}
