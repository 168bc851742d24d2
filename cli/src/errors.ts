import { ChecksumError, StrataProblem } from '../../client/src/index.js';
import { CliError, EXIT, type ExitCode } from './exit.js';

export interface Explained {
  readonly exitCode: ExitCode;
  /** The first says what is wrong; the others say where, and what to do. */
  readonly lines: readonly string[];
}

/** The message and the exit code of an error. */
export function explain(error: unknown, url: string): Explained {
  if (error instanceof CliError)
    return { exitCode: error.exitCode, lines: [error.message, ...(error.remedy ? [error.remedy] : [])] };
  if (error instanceof StrataProblem) return explainProblem(error);
  if (error instanceof ChecksumError) return { exitCode: EXIT.failed, lines: [error.message] };
  const cause = networkCause(error);
  if (cause !== null)
    return {
      exitCode: EXIT.notReached,
      lines: [
        `The server at ${url} was not reached (${cause}).`,
        'Start one with `npm start`, or name another with --url or STRATA_URL.',
      ],
    };
  return { exitCode: EXIT.failed, lines: [error instanceof Error ? error.message : String(error)] };
}

/** Statuses of a request that must change before it can succeed. */
const REFUSED = [400, 406, 413, 415, 422];

function explainProblem(problem: StrataProblem): Explained {
  const { status, code, errors, requestId } = problem;
  const first = `${problem.message} (${code})`;
  if (status === 401)
    return {
      exitCode: EXIT.key,
      lines: [first, 'Give a key with STRATA_API_KEY, or save one with `strata login`.'],
    };
  if (status === 403) return { exitCode: EXIT.key, lines: [first] };
  if (REFUSED.includes(status)) {
    const fields = errors.map(({ pointer, message }) =>
      pointer === '' ? message : `${pointer}: ${message}`,
    );
    return { exitCode: EXIT.usage, lines: [first, ...fields.filter((line) => line !== problem.message)] };
  }
  const trace =
    status >= 500 && requestId !== null ? [`The server's log has it as request ${requestId}.`] : [];
  return { exitCode: EXIT.failed, lines: [first, ...trace] };
}

/** Why no response came, or null for any other error. fetch hides the reason in `cause`. */
export function networkCause(error: unknown): string | null {
  if (!(error instanceof TypeError) || error.message !== 'fetch failed') return null;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
