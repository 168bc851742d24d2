import { Command, InvalidArgumentError, Option } from 'commander';
import { isDevice, print } from './print.js';
import { addBatches } from './tree/batches.js';
import { addCompletion } from './tree/completion.js';
import { addEvaluations } from './tree/evaluations.js';
import { addJobs } from './tree/jobs.js';
import { addMcp } from './tree/mcp.js';
import { addRegistry } from './tree/registry.js';
import { addService } from './tree/service.js';
import { addSubmit } from './tree/submit.js';
import { addSweeps } from './tree/sweeps.js';
import { addArtifacts, addDatasets, addModels, addPlan, addWeights } from './tree/things.js';

export const VERSION = '0.2.0';

/** The tree of commands. It is built at each start, so actions import what they need when they run. */
export function makeProgram(): Command {
  const program = new Command('strata')
    .description('Trains layer-parallel residual networks on a Strata server.')
    .version(VERSION)
    .option('--url <url>', 'the server; else STRATA_URL, then the one of `strata login`')
    .option('--json', "the API's objects, unchanged")
    .option('--quiet', 'ids alone, and no notes')
    .addOption(new Option('--timeout <seconds>', 'end after this time; a job goes on').argParser(positive))
    .configureOutput({
      writeOut: print,
      getOutHelpWidth: () => (isDevice() ? process.stdout.columns : 80),
      getOutHasColors: () => isDevice() && process.stdout.isTTY && process.stdout.hasColors(),
    })
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(`strata --help` lists the commands, `strata <command> --help` its options)');
  addSubmit(program);
  addPlan(program);
  addJobs(program);
  addArtifacts(program);
  addDatasets(program);
  addWeights(program);
  addModels(program);
  addSweeps(program);
  addEvaluations(program);
  addBatches(program);
  addRegistry(program);
  addMcp(program, VERSION);
  addService(program);
  addCompletion(program);
  inherit(program);
  return program;
}

/** commander copies settings to commands that are made by `command()` after they are set, but not to nested ones of others. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
