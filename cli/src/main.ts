import { CommanderError } from 'commander';
import { makeProgram } from './program.js';

makeProgram()
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error;
    // Help and the version are what was asked for; everything else is a wrong use.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  });
