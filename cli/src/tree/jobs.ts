import { type Command, Option } from 'commander';
import type { ExtendOptions, JobsOptions } from '../commands/jobs.js';
import type { LogsOptions } from '../commands/logs.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit.js';
import { run } from '../run.js';
import { integer, JOB, many, oneOf, pairs } from './options.js';

const STATES = ['queued', 'preparing', 'running', 'finalizing', 'paused', 'succeeded', 'failed', 'cancelled'];

const load = () => import('../commands/jobs.js');

export function addJobs(program: Command): void {
  program
    .command('jobs')
    .description('list jobs, newest first')
    .addOption(oneOf('--state <state>', 'only jobs in this state; may be given several times', STATES))
    .option('--search <words>', 'only jobs whose name or notes have these words')
    .option('--dataset <dataset>', 'only jobs that train on this dataset')
    .addOption(
      new Option('--order-by <order>', 'newest or most accurate first').choices(['created_at', 'accuracy']),
    )
    .option('--archived', 'the archived jobs')
    .addOption(pairs('--metadata <key=value>', 'only jobs with this metadata; may be given several times'))
    .addOption(new Option('--limit <n>', 'jobs of a page').argParser(integer(1)))
    .option('--after <cursor>', 'the page after this `next`')
    .option('--watch', 'show the list again and again')
    .action((options: JobsOptions, command: Command) =>
      run(command, async (context) => (await load()).listJobs(context, options)),
    );
  onJob(program, 'job', 'show a job', async (context, job) => (await load()).getJob(context, job));
  onJob(program, 'follow', 'show a job until it ends', async (context, job) =>
    (await load()).followJob(context, job),
  );
  onJob(program, 'wait', 'wait until a job ends', async (context, job) =>
    (await load()).waitForJob(context, job),
  );
  program
    .command('logs')
    .description('what the trainers of a job printed')
    .argument('<job>', JOB)
    .option('--task <key>', 'only this task, like stage-1-0')
    .option('--follow', 'go on until the job ends')
    .action((job: string, options: LogsOptions, command: Command) =>
      run(command, async (context) => (await import('../commands/logs.js')).showLogs(context, job, options)),
    );
  program
    .command('metrics')
    .description('the metrics of a job')
    .argument('<job>', JOB)
    .addOption(many('--name <name>', 'only this metric, like loss; may be given several times'))
    .addOption(new Option('--stage <n>', 'only this stage, from 0').argParser(integer(0)))
    .addOption(new Option('--points <n>', 'points of a series').argParser(integer(2)))
    .action(
      (
        job: string,
        { name, ...options }: { name: string[]; stage?: number; points?: number },
        command: Command,
      ) =>
        run(command, async (context) =>
          (await load()).listMetrics(context, job, { ...options, ...(name.length > 0 && { name }) }),
        ),
    );
  program
    .command('cancel')
    .description('cancel a job')
    .argument('<job>', JOB)
    .option('--force', 'kill its tasks in the middle of a step')
    .action((job: string, { force = false }: { force?: boolean }, command: Command) =>
      run(command, async (context) => (await load()).cancelJob(context, job, force)),
    );
  onJob(program, 'pause', 'pause a job at its next checkpoint', async (context, job) =>
    (await load()).pauseJob(context, job),
  );
  onJob(program, 'resume', 'resume a paused job', async (context, job) =>
    (await load()).resumeJob(context, job),
  );
  program
    .command('extend')
    .description('train a job that has succeeded for more epochs')
    .argument('<job>', JOB)
    .addOption(new Option('--epochs <n>', 'epochs to add').argParser(integer(1)).makeOptionMandatory())
    .addOption(
      new Option(
        '--schedule <schedule>',
        'go on at the rate of the end, or begin the schedule again',
      ).choices(['continue', 'rewarm']),
    )
    .action((job: string, options: ExtendOptions, command: Command) =>
      run(command, async (context) => (await load()).extendJob(context, job, options)),
    );
  onJob(program, 'rm', 'delete a job that has ended, with its files', async (context, job) =>
    (await load()).removeJob(context, job),
  );
}

function onJob(
  program: Command,
  name: string,
  description: string,
  action: (context: Context, job: string) => Promise<ExitCode> | Promise<void>,
): void {
  program
    .command(name)
    .description(description)
    .argument('<job>', JOB)
    .action((job: string, _options: object, command: Command) =>
      run(command, (context) => action(context, job)),
    );
}
