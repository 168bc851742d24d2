import type { components } from './generated/openapi.js';

type Problem = components['schemas']['Problem'];

/** A 4xx or 5xx response. Match errors by `code`, which docs/errors.md lists. */
export class StrataProblem extends Error {
  readonly status: number;
  readonly code: string;
  /** The invalid fields, as JSON pointers, each with its remedy. */
  readonly errors: Problem['errors'];
  /** Id of the request in the log of the server. */
  readonly requestId: string | null;
  /** Seconds to wait before a retry, if the server says so. */
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

/** The problem in an error response. A response that a proxy made has no code. */
export async function problemOf(response: Response): Promise<StrataProblem> {
  const problem = await response.json().catch(() => ({}));
  return new StrataProblem(response, problem as Partial<Problem>);
}
