import { type Command, Option } from 'commander';
import type { SweepsOptions } from '../commands/sweeps.js';
import { run } from '../run.js';
import { integer, many } from './options.js';

const SWEEP = 'the id of a sweep';

export function addSweeps(program: Command): void {
  const load = () => import('../commands/sweeps.js');
  const sweep = program.command('sweep').description('search for the best setting of a job');
  sweep
    .command('create')
    .description('start a sweep')
    .argument('<spec>', 'a JSON or YAML file, or - for stdin (docs/sweeps.md)')
    .addOption(many('--set <field=value>', 'set a field, like limits.trials=8; may be given several times'))
    .option('--dry-run', 'show the cost, and start nothing')
    .action((spec: string, options: SweepsOptions, command: Command) =>
      run(command, async (context) => (await load()).createSweep(context, spec, options)),
    );
  sweep
    .command('list')
    .description('list sweeps')
    .addOption(new Option('--limit <n>', 'sweeps of a page').argParser(integer(1)))
    .action((options: { readonly limit?: number }, command: Command) =>
      run(command, async (context) => (await load()).listSweeps(context, options)),
    );
  sweep
    .command('show')
    .description('show a sweep and its trials, the best first')
    .argument('<sweep>', SWEEP)
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).showSweep(context, id)),
    );
  sweep
    .command('wait')
    .description('wait until a sweep ends')
    .argument('<sweep>', SWEEP)
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).waitForSweep(context, id)),
    );
  for (const verb of ['pause', 'resume', 'cancel'] as const)
    sweep
      .command(verb)
      .description(`${verb} a sweep and its jobs`)
      .argument('<sweep>', SWEEP)
      .action((id: string, _options: object, command: Command) =>
        run(command, async (context) => (await load()).changeSweep(context, verb, id)),
      );
}
