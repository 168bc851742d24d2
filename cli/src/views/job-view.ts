import type { Job } from '../../../client/src/index.js';
import { clock, duration, figure, moment, percent, plain } from '../format.js';
import type { Output } from '../output.js';

/** A job in words. */
export function showJob(out: Output, job: Job): void {
  const { spec, plan, result, error, queue } = job;
  out.fields([
    ['id', job.id],
    ['name', plain(job.name)],
    ['state', job.state_reason ? `${job.state} (${plain(job.state_reason)})` : job.state],
    ['queue', queue && `place ${queue.position}: ${plain(queue.reason)}`],
    ['progress', percent(job.progress, 0)],
    ['dataset', plain(spec.dataset)],
    ['network', `${spec.model.family}-${spec.model.depth}`],
    ['method', `${spec.method.type}, ${spec.method.stages} stages`],
    ['tasks', String(plan.tasks)],
    ['created', moment(job.created_at)],
    ['started', job.started_at && moment(job.started_at)],
    ['ended', job.finished_at && moment(job.finished_at)],
    ['ends about', job.finished_at === null ? job.estimated_finish && clock(job.estimated_finish) : null],
    ['test accuracy', result && percent(result.test_accuracy, 2)],
    ['worst class', worstClass(job)],
    ['compact network', result?.compact_accuracy ? percent(result.compact_accuracy, 2) : null],
    ['speed-up', result?.speedup?.measured ? figure(result.speedup.measured, 3) : null],
    ['model', result?.model_id],
    ['error', error && `${plain(error.message)} (${error.code})`],
    ...Object.entries(job.metadata).map(([key, value]) => [plain(key), plain(value)] as const),
  ]);
  for (const { pointer, message } of plan.warnings) out.line(`warning: ${pointer}: ${message}`);
}

/** The class of which the network finds the smallest share; a good accuracy hides it where the class is rare. */
function worstClass({ result }: Job): string | null {
  const worst = result?.networks[0]?.classes[0];
  if (!worst) return null;
  const { name, correct, images, train_images: trained } = worst;
  return `${plain(name)}: ${correct} of ${images} found, trained on ${trained}`;
}

/** One line about the end of a job, and what to do next. */
export function showEnd(out: Output, job: Job): void {
  const { id, state, result, error } = job;
  const seconds = (Date.parse(job.finished_at ?? '') - Date.parse(job.created_at)) / 1000;
  if (state === 'succeeded') {
    const accuracy = result ? `, test accuracy ${percent(result.test_accuracy, 2)}` : '';
    out.line(`✓ ${id} succeeded after ${duration(seconds)}${accuracy}`);
    out.note(`Its files: strata artifacts download ${id}`);
  } else if (state === 'failed') {
    const place = error?.stage === null || error?.stage === undefined ? '' : ` at stage ${error.stage}`;
    out.warn(
      `✗ ${id} failed${place}: ${plain(error?.message ?? 'no reason given')} (${error?.code ?? 'unknown'})`,
    );
    out.note(`Its output: strata logs ${id}`);
  } else out.warn(`- ${id} was ${state}`);
}
