import { CommanderError } from 'commander';
import { exitOnInterrupt } from './interrupt.js';
import { makeProgram } from './program.js';

// `strata jobs | head` closes the pipe early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
exitOnInterrupt();
makeProgram()
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error;
    // Help and the version are what was asked for; everything else is a wrong use.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  });
