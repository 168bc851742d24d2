import type { ErrorCode } from '../contract/errors.js';
import type { DatasetProblem, DatasetProblems } from '../contract/importer-protocol.js';

/** The upload cannot become a dataset; the message says why and is for its owner. */
export class ImportError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** The file at fault, as the archive names it. */
    readonly file: string | null = null,
  ) {
    super(message);
    this.name = 'ImportError';
  }
}

const MOST_LISTED = 50;
/** Names are cut in what is told: an archive may hold any. */
const LONGEST_NAME = 200;

/** What is wrong with an upload; the list is short however much that is. */
export class ProblemList {
  readonly #listed: DatasetProblem[] = [];
  #count = 0;

  warn(code: ErrorCode, message: string, file: string | null = null): void {
    this.#add({ code, severity: 'warning', message, file });
  }

  refuse({ code, message, file }: Pick<ImportError, 'code' | 'message' | 'file'>): void {
    this.#add({ code, severity: 'error', message, file });
  }

  /** Errors first: they say why the upload was refused. */
  get summary(): DatasetProblems {
    const order = ({ severity }: DatasetProblem) => (severity === 'error' ? 0 : 1);
    return {
      problems: this.#listed.toSorted((a, b) => order(a) - order(b)).slice(0, MOST_LISTED),
      problem_count: this.#count,
    };
  }

  #add(problem: DatasetProblem): void {
    this.#count += 1;
    // An error is listed even where warnings filled the list.
    if (this.#listed.length >= MOST_LISTED && problem.severity === 'warning') return;
    if (this.#listed.length >= 2 * MOST_LISTED) return;
    this.#listed.push({ ...problem, file: problem.file && readable(problem.file) });
  }
}

/** A name as people and databases can take it. */
export function readable(name: string): string {
  const plain = Buffer.from(name.replaceAll(/\p{Cc}/gu, '\u{fffd}')).toString();
  return plain.length > LONGEST_NAME ? `${plain.slice(0, LONGEST_NAME)}...` : plain;
}
