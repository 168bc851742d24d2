import type { Job } from '../../client/src/index.js';

/** Exit codes, which scripts rely on: docs/cli.md lists them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  key: 4,
  notReached: 5,
  timeout: 6,
  detached: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error with its exit code and, where there is one, what to do. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
    this.name = 'CliError';
  }
}

/** The exit code of a job that has ended. */
export function exitCodeOf({ state }: Job): ExitCode {
  if (state === 'succeeded') return EXIT.done;
  return state === 'cancelled' ? EXIT.cancelled : EXIT.failed;
}
