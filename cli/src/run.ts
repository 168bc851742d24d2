import type { Command } from 'commander';
import type { Context, Globals } from './context.js';
import type { ExitCode } from './exit.js';
import { exitWithoutReader } from './print.js';

/** The work of a command. Without an exit code, it exits with 0. */
export type Action = (context: Context) => Promise<ExitCode | undefined> | Promise<void>;

/** Runs an action and sets the exit code. The client is loaded here, because help and completion need none of it. */
export async function run(command: Command, action: Action): Promise<void> {
  const globals = command.optsWithGlobals<Globals>();
  let url = globals.url ?? '';
  exitWithoutReader();
  try {
    const { exitOnInterrupt } = await import('./interrupt.js');
    exitOnInterrupt();
    const { openContext } = await import('./context.js');
    const context = await openContext(globals);
    url = context.target.url;
    process.exitCode = (await action(context)) ?? 0;
  } catch (error) {
    const { explain } = await import('./errors.js');
    const { exitCode, lines } = explain(error, url);
    const [first, ...others] = lines;
    process.stderr.write(`✗ ${first}\n${others.map((line) => `  ${line}\n`).join('')}`);
    process.exitCode = exitCode;
  }
  // A timer or a connection that is kept alive must not hold the terminal.
  process.exit();
}
