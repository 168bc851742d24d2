import type { components } from './generated/openapi.js';

type Problem = components['schemas']['Problem'];

/** An answer of 4xx or 5xx. Match by `code`, one of docs/errors.md. */
export class StrataProblem extends Error {
  readonly status: number;
  readonly code: string;
  /** The fields at fault, as JSON pointers, each with its remedy. */
  readonly errors: Problem['errors'];
  /** Finds the request in the server's log. */
  readonly requestId: string | null;
  /** Seconds after which to try again, where the server says so. */
  readonly retryAfter: number | null;

  constructor(response: Response, problem: Partial<Problem>) {
    super(problem.detail ?? `HTTP ${response.status} ${response.statusText}`);
    this.name = 'StrataProblem';
    this.status = response.status;
    this.code = problem.code ?? 'unknown';
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? response.headers.get('x-request-id');
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    this.retryAfter = Number.isFinite(seconds) ? seconds : null;
  }
}

/** The problem that a refused request was answered with; a proxy's own answer has no code. */
export async function problemOf(response: Response): Promise<StrataProblem> {
  const problem = await response.json().catch(() => ({}));
  return new StrataProblem(response, problem as Partial<Problem>);
}
