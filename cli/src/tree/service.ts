import { Argument, type Command, Option } from 'commander';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit.js';
import { run } from '../run.js';

const SCOPES = ['jobs:read', 'jobs:write', 'datasets:write', 'models:read', 'models:write', 'admin'] as const;
type Scope = (typeof SCOPES)[number];

const session = () => import('../commands/session.js');
const service = () => import('../commands/service.js');

/** Commands about the server, and about who asks it. */
export function addService(program: Command): void {
  plain(program, 'login', 'save the server and its key, read from stdin', async (context) =>
    (await session()).login(context),
  );
  plain(program, 'logout', 'forget both', async (context) => (await session()).logout(context));
  plain(program, 'whoami', 'the server, the key and what it may do', async (context) =>
    (await session()).whoami(context),
  );
  plain(program, 'doctor', 'look at settings, server, key and workers', async (context) =>
    (await import('../commands/doctor.js')).doctor(context),
  );
  program
    .command('open')
    .description('open the dashboard, or the page of a job')
    .addArgument(new Argument('[job]', 'a job'))
    .action((job: string | undefined, _options: object, command: Command) =>
      run(command, async (context) => (await import('../commands/open.js')).openPage(context, job)),
    );
  plain(program, 'workers', 'list the workers', async (context) => (await service()).listWorkers(context));
  program
    .command('drain')
    .description('let a worker end its tasks and take no others (admin of the tenant default)')
    .argument('<worker>', 'its id')
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await service()).drainWorker(context, id)),
    );
  addKeys(program);
}

function addKeys(program: Command): void {
  const keys = program.command('keys').description('list, create and revoke API keys (scope admin)');
  plain(keys, 'list', 'list keys', async (context) => (await service()).listKeys(context));
  keys
    .command('create')
    .description('create a key and print it, once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--scopes <scope,…>', 'what it may do')
        .default([...SCOPES], 'all')
        .argParser((text) => text.split(',')),
    )
    .action((name: string, { scopes }: { scopes: Scope[] }, command: Command) =>
      run(command, async (context) => (await service()).createKey(context, name, scopes)),
    );
  keys
    .command('revoke')
    .description('revoke a key')
    .argument('<id>', 'the id of the key')
    .action((id: string, _options: object, command: Command) =>
      run(command, async (context) => (await service()).revokeKey(context, id)),
    );
}

function plain(
  parent: Command,
  name: string,
  description: string,
  action: (context: Context) => Promise<ExitCode> | Promise<void>,
): void {
  parent
    .command(name)
    .description(description)
    .action((_options: object, command: Command) => run(command, action));
}
