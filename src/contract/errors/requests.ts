import type { CatalogueEntry } from './catalogue-entry.js';

/** Errors of a request, whatever it is about. */
export const REQUEST_ERRORS = {
  malformed_json: {
    status: 400,
    title: 'The body is not JSON',
    remedy: 'Send one JSON value. The detail says at which place parsing stopped.',
    retry: 'fatal',
  },
  invalid_request: {
    status: 400,
    title: 'The request does not match the API contract',
    remedy: 'Correct each field listed in `errors`. `/docs` describes every operation.',
    retry: 'fatal',
  },
  invalid_spec: {
    status: 400,
    title: 'The job cannot be trained as specified',
    remedy: 'Correct each field listed in `errors`. `?dry_run=true` checks a job without storing it.',
    retry: 'fatal',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor belongs to another list',
    remedy:
      'Take `after` from `next` of the previous page and keep the same order. To start at the first page, leave `after` out.',
    retry: 'fatal',
  },
  unauthenticated: {
    status: 401,
    title: 'An API key is required',
    remedy:
      'Send `Authorization: Bearer <key>` with a valid key. An admin creates keys with `POST /api-keys`.',
    retry: 'fatal',
  },
  scope_missing: {
    status: 403,
    title: 'The API key lacks a scope',
    remedy: 'Use a key with the scope that the detail names. An admin creates keys with `POST /api-keys`.',
    retry: 'fatal',
  },
  operator_only: {
    status: 403,
    title: 'Only the operator of the service may do this',
    remedy: 'Use an admin key of the tenant `default`.',
    retry: 'fatal',
  },
  cross_site: {
    status: 403,
    title: 'A session is accepted only from pages of this server',
    remedy: 'Sign in on this server’s own pages. Programs send `Authorization: Bearer <key>` and no cookie.',
    retry: 'fatal',
  },
  foreign_caller: {
    status: 403,
    title: 'Without API keys, the server accepts requests only from its own machine',
    remedy:
      'Call it as `localhost` or `127.0.0.1`, and neither from a page of another site nor through a proxy. To allow other callers, create an API key.',
    retry: 'fatal',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    remedy: 'Check the path and the id. The list endpoints show what exists.',
    retry: 'fatal',
  },
  method_not_allowed: {
    status: 405,
    title: 'The path does not support this HTTP method',
    remedy: 'Use a method listed in the `Allow` header.',
    retry: 'fatal',
  },
  limit_reached: {
    status: 409,
    title: 'Limit reached',
    remedy: 'Delete one that is no longer needed.',
    retry: 'fatal',
  },
  quota_reached: {
    status: 409,
    title: 'The storage quota of the tenant is reached',
    remedy:
      'Delete datasets, models or jobs that are no longer needed; the detail has the bytes. Or ask who runs the service to raise `STRATA_TENANT_BYTES`.',
    retry: 'fatal',
  },
  idempotency_in_flight: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    remedy: 'Repeat the same request in a moment. It then returns the result of the first request.',
    retry: 'fatal',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used with a different body',
    remedy: 'Use a new key for each new job. A key is kept for 24 hours.',
    retry: 'fatal',
  },
  body_too_slow: {
    status: 408,
    title: 'The body arrives too slowly',
    remedy:
      'Send at least 30 KiB in every 30 seconds. Large files can go in pieces to `/uploads`, which continue after a break.',
    retry: 'retry',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send a smaller body. The limit is 256 KiB, or 8 MiB for predictions.',
    retry: 'fatal',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has the wrong media type',
    remedy:
      'Send the media type that `/docs` shows for the operation: `application/json` for JSON, `multipart/form-data` for archives.',
    retry: 'fatal',
  },
  not_acceptable: {
    status: 406,
    title: 'The response is not available in a requested format',
    remedy: 'List one of the media types that the detail names in the `Accept` header.',
    retry: 'fatal',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range is outside the artifact',
    remedy: 'Request a range within the size that `Content-Range` gives.',
    retry: 'fatal',
  },
  forbidden_target: {
    status: 422,
    title: 'The service does not send requests to this URL',
    remedy: 'Use a public https:// URL. An operator can allow private hosts with STRATA_OUTGOING_ALLOW.',
    retry: 'fatal',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for the seconds in `Retry-After`. Follow the event stream instead of polling.',
    retry: 'retry',
  },
  headers_too_large: {
    status: 431,
    title: 'The URL and headers are too large',
    remedy: 'Send less than 16 KiB of URL and headers: use fewer filters and shorter values.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;
