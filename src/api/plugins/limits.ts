import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JobsService } from '../../contract/client/service.js';
import { StrataError } from '../../contract/errors.js';
import { rememberKeys, rememberLimits } from '../http/known-limits.js';
import { type Count, countSafely } from '../http/safe-counter.js';

const WINDOW_MS = 60_000;
/** Maximum number of invalid keys per address and minute. */
const FAILURES_PER_MINUTE = 60;

export interface LimitOptions {
  readonly service: Pick<JobsService, 'countRequest'>;
  /** Maximum number of requests per key and minute. 0: no limit. */
  readonly requestsPerMinute: number;
}

/** Hooks that limit requests. */
export interface Limits {
  /**
   * Refuses a key over its limit, and an unproven key of an address that sent too many wrong ones. It looks nothing up, so
   * it runs before the key is looked up. @throws StrataError rate_limited
   */
  refuseKnown(request: FastifyRequest, token: string): void;
  /** The key is valid. */
  prove(token: string): void;
  /** Counts a request for its key, and rejects it above the limit. @throws StrataError rate_limited */
  readonly onRequest: NonNullable<ReturnType<FastifyInstance['rateLimit']>>;
  /** Counts an invalid key for the address of the caller. @throws StrataError rate_limited */
  countFailure(request: FastifyRequest): Promise<void>;
}

export async function limitRequests(app: FastifyInstance, options: LimitOptions): Promise<Limits> {
  const { service, requestsPerMinute } = options;
  const now = () => performance.now();
  const known = rememberLimits(now);
  const proven = rememberKeys();
  const count = countSafely((key, windowMs) => service.countRequest(key, windowMs), app.log, now);
  await app.register(rateLimit, {
    global: false,
    enableDraftSpec: true,
    timeWindow: WINDOW_MS,
    max: requestsPerMinute,
    store: storeOf(count),
    keyGenerator: (request) => `key:${request.principal?.keyId}`,
    // Without API keys there is only one user, so no limit is needed.
    allowList: (request) => requestsPerMinute === 0 || (request.principal?.keyId ?? null) === null,
    errorResponseBuilder: ({ apiKey }, { ttl }) => {
      known.note(`token:${apiKey}`, ttl);
      return tooMany(ttl);
    },
  });
  const failures = app.createRateLimit({
    max: FAILURES_PER_MINUTE,
    keyGenerator: ({ ip }) => `ip:${ip}`,
    allowList: [],
  });
  return {
    onRequest: app.rateLimit(),
    refuseKnown({ ip }, token) {
      const ofAddress = proven.has(token) ? 0 : known.remainingMs(`ip:${ip}`);
      const leftMs = Math.max(ofAddress, known.remainingMs(`token:${token}`));
      if (leftMs > 0) throw tooMany(leftMs);
    },
    prove: proven.add,
    async countFailure(request) {
      const state = await failures(request);
      if (state.isAllowed || !state.isExceeded) return;
      known.note(`ip:${request.ip}`, state.ttl);
      throw tooMany(state.ttl);
    },
  };
}

function tooMany(waitMs: number): StrataError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const detail = `Too many requests in this minute. The next request is answered in ${seconds} s.`;
  return new StrataError('rate_limited', detail, { headers: { 'retry-after': String(seconds) } });
}

type Done = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** The library requires a class that it can construct itself. */
function storeOf(count: Count) {
  return class {
    incr(key: string, done: Done, windowMs: number): void {
      count(key, windowMs).then(
        ({ count: current, remainingMs }) => done(null, { current, ttl: remainingMs }),
        (error: Error) => done(error),
      );
    }

    child(): this {
      return this;
    }
  };
}
