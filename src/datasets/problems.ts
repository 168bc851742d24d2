import type { ErrorCode } from '../contract/errors.js';
import type { DatasetProblem, DatasetProblems } from '../contract/importer-protocol.js';

/** The upload cannot become a dataset. The message is for its owner and says why. */
export class ImportError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Name of the invalid file in the archive. */
    readonly file: string | null = null,
  ) {
    super(cut(message, MAX_MESSAGE_LENGTH));
    this.name = 'ImportError';
  }
}

const MAX_LISTED = 50;
/** Maximum length of a message, because it may quote texts of an upload, which can have any length. */
const MAX_MESSAGE_LENGTH = 1_000;
/** Files named of each kind that is left out. */
const MAX_NAMED = 5;
/** Names in messages are cut, because names in an archive can be very long. */
const MAX_NAME_LENGTH = 200;

/** Problems of an upload. The list stays short, however many there are. */
export class ProblemList {
  readonly #listed: DatasetProblem[] = [];
  readonly #leftOut = new Map<string, { count: number; readonly names: string[] }>();
  #count = 0;

  /** @param what the files are, after their number: each kind is told once, with its count and the first names */
  leaveOut(what: string, name: string): void {
    const group = this.#leftOut.get(what) ?? { count: 0, names: [] };
    this.#leftOut.set(what, group);
    group.count += 1;
    if (group.names.length < MAX_NAMED) group.names.push(readable(name));
  }

  warn(code: ErrorCode, message: string, file: string | null = null): void {
    this.#add({ code, severity: 'warning', message, file });
  }

  refuse({ code, message, file }: Pick<ImportError, 'code' | 'message' | 'file'>): void {
    this.#add({ code, severity: 'error', message, file });
  }

  /** Errors first, because they are the reason for a rejection. */
  get summary(): DatasetProblems {
    const order = ({ severity }: DatasetProblem) => (severity === 'error' ? 0 : 1);
    const leftOut = [...this.#leftOut].map(([what, { count, names }]): DatasetProblem => {
      const more = count > names.length ? ', ...' : '';
      const message = `${count} left out: ${what} (${names.join(', ')}${more})`;
      return { code: 'entry_ignored', severity: 'warning', message, file: names[0] ?? null };
    });
    // Before the warnings about single files, of which there may be many.
    const all = [...leftOut, ...this.#listed].toSorted((a, b) => order(a) - order(b));
    return { problems: all.slice(0, MAX_LISTED), problem_count: this.#count + leftOut.length };
  }

  #add(problem: DatasetProblem): void {
    this.#count += 1;
    // An error is listed even if warnings have filled the list.
    if (this.#listed.length >= MAX_LISTED && problem.severity === 'warning') return;
    if (this.#listed.length >= 2 * MAX_LISTED) return;
    const message = cut(problem.message, MAX_MESSAGE_LENGTH);
    this.#listed.push({ ...problem, message, file: problem.file && readable(problem.file) });
  }
}

/** A name that people can read and databases can store. */
export function readable(name: string): string {
  const plain = Buffer.from(name.replaceAll(/\p{Cc}/gu, '\u{fffd}')).toString();
  return cut(plain, MAX_NAME_LENGTH);
}

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;
