import type { Command } from 'commander';
import type { PromoteOptions } from '../commands/registry.js';
import { run } from '../run.js';
import { integer } from './options.js';

const NAME = 'the name of models';
const PROMOTION = 'the id of a promotion';

export function addRegistry(program: Command): void {
  const load = () => import('../commands/registry.js');
  const registry = program.command('registry').description('versions, aliases and promotions of models');
  registry
    .command('list')
    .description('list the names of models, with their latest versions and aliases')
    .action((_options: object, command: Command) =>
      run(command, async (context) => (await load()).listRegistry(context)),
    );
  registry
    .command('show')
    .description('show the versions of a name')
    .argument('<name>', NAME)
    .action((name: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).showRegistry(context, name)),
    );
  registry
    .command('promote')
    .description('ask for an alias; its rule decides')
    .argument('<name>', NAME)
    .argument('<version>', 'number of the version', integer(1))
    .argument('<alias>', 'like production')
    .option('--note <text>', 'a note for those who approve')
    .option('--force <reason>', 'pass the rule by, as an administrator')
    .action((name: string, version: number, alias: string, options: PromoteOptions, command: Command) =>
      run(command, async (context) => (await load()).promote(context, name, version, alias, options)),
    );
  registry
    .command('approve')
    .description('approve a promotion')
    .argument('<id>', PROMOTION)
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).approvePromotion(context, id)),
    );
  registry
    .command('reject')
    .description('reject a promotion')
    .argument('<id>', PROMOTION)
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await load()).rejectPromotion(context, id)),
    );
}
