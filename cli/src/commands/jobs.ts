import { setTimeout as delay } from 'node:timers/promises';
import { answered, type components, type Job } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit.js';
import { moment, percent, plain } from '../format.js';
import { jobIdOf } from '../last-job.js';
import { showJob } from '../views/job-view.js';

export interface JobsOptions {
  readonly state: components['schemas']['JobState'][];
  readonly search?: string;
  readonly dataset?: string;
  readonly orderBy?: 'created_at' | 'accuracy';
  readonly archived?: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly after?: string;
  readonly watch?: boolean;
}

const WATCH_MS = 2_000;
const CLEAR = '\u001b[H\u001b[2J';

export async function listJobs(context: Context, options: JobsOptions): Promise<void> {
  const { out, deadline } = context;
  let before = '';
  do {
    const page = await readPage(context, options);
    const text = JSON.stringify(page);
    if (out.isScreen && options.watch) process.stdout.write(CLEAR);
    // Off a terminal, a list is printed again when it has changed.
    if (out.isScreen || text !== before) showPage(context, page);
    before = text;
    if (options.watch) await delay(WATCH_MS, undefined, { signal: deadline });
  } while (options.watch);
}

type JobList = components['schemas']['JobList'];

function readPage({ strata }: Context, options: JobsOptions): Promise<JobList> {
  const { state, metadata, limit, after, search, dataset, orderBy, archived } = options;
  const query = {
    ...(state.length > 0 && { state }),
    ...(search !== undefined && { q: search }),
    ...(dataset !== undefined && { dataset }),
    ...(orderBy && { order_by: orderBy }),
    ...(archived && { archived }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(limit && { limit }),
    ...(after && { after }),
  };
  return strata.jobs.list(query);
}

function showPage({ out }: Context, page: JobList): void {
  const ids = page.data.map(({ id }) => id);
  out.result(page, ids, () => {
    if (ids.length === 0) return out.note('No jobs.');
    out.table(['ID', 'NAME', 'STATE', 'PROGRESS', 'ACCURACY', 'CREATED'], page.data.map(rowOf));
    if (page.next !== null) out.note(`More: strata jobs --after ${page.next}`);
  });
}

const NAME_WIDTH = 32;

function rowOf({ id, name, state, progress, result, created_at: at }: Job): string[] {
  const short = plain(name).slice(0, NAME_WIDTH);
  return [id, short, state, percent(progress, 0), percent(result?.test_accuracy), moment(at)];
}

export async function getJob(context: Context, text: string): Promise<void> {
  const { strata, out } = context;
  const job = await strata.jobs.get(await jobIdOf(context, text));
  out.result(job, [job.id], () => showJob(out, job));
}

export async function followJob(context: Context, text: string): Promise<ExitCode> {
  const { follow } = await import('../follow/follow.js');
  return follow(context, await jobIdOf(context, text));
}

export async function waitForJob(context: Context, text: string): Promise<ExitCode> {
  const { wait } = await import('../follow/follow.js');
  return wait(context, await jobIdOf(context, text));
}

export async function cancelJob(context: Context, text: string, force: boolean): Promise<void> {
  const id = await jobIdOf(context, text);
  showAsked(context, await context.strata.jobs.cancel(id, { force }));
}

export async function pauseJob(context: Context, text: string): Promise<void> {
  showAsked(context, await context.strata.jobs.pause(await jobIdOf(context, text)));
}

export async function resumeJob(context: Context, text: string): Promise<void> {
  showAsked(context, await context.strata.jobs.resume(await jobIdOf(context, text)));
}

export interface ExtendOptions {
  readonly epochs: number;
  readonly schedule?: 'continue' | 'rewarm';
}

export async function extendJob(context: Context, text: string, options: ExtendOptions): Promise<void> {
  const job = await context.strata.jobs.extend(await jobIdOf(context, text), options);
  context.out.result(job, [job.id], () =>
    context.out.line(`✓ ${job.id} trains ${options.epochs} more epochs of ${job.parent_id}`),
  );
}

/** Shows the state of a job after a request, which it may still have to obey. */
function showAsked({ out }: Context, job: Job): void {
  const asked = (time: string | null, word: string) =>
    time !== null && job.finished_at === null ? `, and will be ${word} after the current steps` : '';
  const note = asked(job.cancel_requested_at, 'cancelled') || asked(job.pause_requested_at, 'paused');
  out.result(job, [job.id], () => out.line(`✓ ${job.id} is ${job.state}${note}`));
}

export async function removeJob(context: Context, text: string): Promise<void> {
  const id = await jobIdOf(context, text);
  await context.strata.jobs.delete(id);
  if (!context.out.options.json) context.out.note(`✓ ${id} and its files are deleted`);
}

/** Everything of a job's metrics that fits a screen: the last value of each series. */
export async function listMetrics(
  context: Context,
  text: string,
  options: { readonly name?: string[]; readonly stage?: number; readonly points?: number },
): Promise<void> {
  const { strata, out } = context;
  const id = await jobIdOf(context, text);
  const list = await answered(
    strata.http.GET('/jobs/{id}/metrics', { params: { path: { id }, query: options } }),
  );
  // Without an Accept header for lines, the response is JSON.
  const metrics = list as components['schemas']['MetricList'];
  out.result(
    metrics,
    metrics.data.map(({ name }) => name),
    () => {
      if (metrics.data.length === 0) return out.note('No metrics yet.');
      out.table(
        ['NAME', 'STAGE', 'STEP', 'LAST', 'LOWEST', 'HIGHEST', 'UNIT'],
        metrics.data.map(rowOfSeries),
      );
    },
  );
}

function rowOfSeries({ name, stage, unit, points }: components['schemas']['MetricSeries']): string[] {
  const values = points.map(([, value]) => value);
  const [step, last] = points.at(-1) ?? [];
  const shown = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? '-' : String(Number(value.toPrecision(5)));
  const ends = [Math.min(...values), Math.max(...values)].map(shown);
  return [name, stage === null ? '-' : String(stage), String(step ?? '-'), shown(last), ...ends, unit ?? ''];
}
