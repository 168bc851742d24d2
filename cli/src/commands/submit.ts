import type { NewJob } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT, type ExitCode } from '../exit.js';
import { figure, percent } from '../format.js';
import { saying } from '../interrupt.js';
import { jobIdOf, rememberJob } from '../last-job.js';
import { readSpec, withSets } from '../spec.js';
import { showJob } from '../views/job-view.js';

export interface SubmitOptions {
  readonly set: readonly string[];
  readonly follow?: boolean;
  readonly wait?: boolean;
  readonly dryRun?: boolean;
}

export async function submit(
  context: Context,
  path: string | undefined,
  options: SubmitOptions,
): Promise<ExitCode | undefined> {
  return send(context, await readSpec(path, options.set), options);
}

/** Submits again what was sent for a job, changed by `--set`. */
export async function clone(
  context: Context,
  text: string,
  options: SubmitOptions,
): Promise<ExitCode | undefined> {
  const job = await context.strata.jobs.get(await jobIdOf(context, text));
  const { specOf } = await import('../../../client/src/index.js');
  return send(context, (await withSets({ ...specOf(job) }, options.set)) as NewJob, options);
}

async function send(context: Context, spec: NewJob, options: SubmitOptions): Promise<ExitCode | undefined> {
  const { strata, out } = context;
  if ([options.follow, options.wait, options.dryRun].filter(Boolean).length > 1)
    throw new CliError(EXIT.usage, 'Give one of --follow, --wait and --dry-run.');
  if (options.dryRun) {
    await dryRun(context, spec);
    return undefined;
  }
  saying(() => out.warn('\nThe server may have stored the job: `strata jobs` lists it.'));
  const job = await strata.jobs.create(spec, { signal: context.deadline });
  saying(undefined);
  await rememberJob(context, job.id);
  if (!options.follow && !options.wait) {
    out.result(job, [job.id], () => {
      out.line(`✓ ${job.id} is ${job.state}`);
      out.note(`Watch it with: strata follow ${job.id}`);
    });
    return undefined;
  }
  const { follow, wait } = await import('../follow/follow.js');
  return options.follow ? follow(context, job.id) : wait(context, job.id);
}

async function dryRun({ strata, out }: Context, spec: NewJob): Promise<void> {
  const job = await strata.jobs.check(spec);
  out.result(job, [], () => {
    showJob(out, { ...job, id: 'none: a dry run stores nothing' });
    const stages = job.spec.method.stages;
    const plan = job.prediction?.speedups.find((each) => each.stages === stages);
    if (plan)
      out.line(
        `expected speed-up: ${figure(plan.whole_run, 3)} on ${stages} devices (${job.prediction?.source})`,
      );
    const shares = job.prediction?.stages.map((stage) => percent(stage.auxiliary_share, 0)) ?? [];
    if (shares.length > 1) out.line(`auxiliary networks: ${shares.join(', ')} of each stage's work`);
  });
}
