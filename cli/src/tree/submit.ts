import type { Command } from 'commander';
import type { SubmitOptions } from '../commands/submit.js';
import { run } from '../run.js';
import { JOB, many } from './options.js';

const HOW = { set: 'set a field, like method.stages=4; may be given several times' };

export function addSubmit(program: Command): void {
  withSubmitOptions(program.command('submit'))
    .description('submit a job')
    .argument('[spec]', 'a JSON or YAML file, or - for stdin')
    .action((spec: string | undefined, options: SubmitOptions, command: Command) =>
      run(command, async (context) => {
        const { submit } = await import('../commands/submit.js');
        return submit(context, spec, options);
      }),
    );
  withSubmitOptions(program.command('clone'))
    .description("submit a job's spec again, changed")
    .argument('<job>', JOB)
    .action((job: string, options: SubmitOptions, command: Command) =>
      run(command, async (context) => {
        const { clone } = await import('../commands/submit.js');
        return clone(context, job, options);
      }),
    );
}

function withSubmitOptions(command: Command): Command {
  return command
    .addOption(many('--set <field=value>', HOW.set))
    .option('--follow', 'show the job until it ends')
    .option('--wait', 'wait until it ends; the exit code says how')
    .option('--dry-run', 'check the job and show its plan; nothing is stored');
}
