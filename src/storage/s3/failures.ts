import type { OutageCode } from '../../contract/outages.js';
import { BlobStoreError } from '../errors.js';

const NO_BUCKET = ['NoSuchBucket'];
const DENIED = [
  'AccessDenied',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'Forbidden',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'Unauthorized',
  '401',
  '403',
];
const FULL = ['InsufficientStorage', 'QuotaExceeded', 'XMinioStorageFull', 'ENOSPC', '507'];
/** Words of a connection that failed, of a wait that took too long, or of a server that says it cannot answer now. */
const UNREACHABLE =
  /^(ECONN|ENOTFOUND|EAI_AGAIN|EHOST|ENET|EPIPE|ETIMEDOUT|ERR_(STREAM_PREMATURE_CLOSE|SSL|TLS)|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|TimeoutError|AbortError|StallError|NetworkingError|InternalError|ServiceUnavailable|SlowDown|Throttling|RequestTimeout|RequestTimeTooSlow|5\d\d$|429$)/;

const SAYS: Readonly<Record<string, string>> = {
  storage_unreachable: 'does not answer. Check the endpoint in BLOB_URL and the network',
  storage_denied:
    'refuses the credentials. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, what they may do in this bucket, and the clock of this host',
  storage_no_bucket: 'has no such bucket. Create it, or correct BLOB_URL',
  storage_full: 'is full, or its quota is reached. Free space in it',
  storage_failing: 'failed',
};

interface Failure {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Whether the store says that there is no such object, upload or version. */
export function isAbsent(error: unknown): boolean {
  const words = wordsOf(error);
  if (NO_BUCKET.some((name) => words.includes(name))) return false;
  return words.some((word) => /^(NoSuchKey|NoSuchUpload|NoSuchVersion|NotFound|404)$/.test(word));
}

/** Whether a write with `If-None-Match` met an object, or lost to another write at the same moment. */
export function isTaken(error: unknown): boolean {
  return wordsOf(error).some((word) =>
    /^(PreconditionFailed|ConditionalRequestConflict|412|409)$/.test(word),
  );
}

/** Whether the store found other bytes than those that were sent. */
export function isDamagedUpload(error: unknown): boolean {
  return wordsOf(error).some((word) =>
    /^(BadDigest|XAmzContentChecksumMismatch|XAmzContentSHA256Mismatch)$/.test(word),
  );
}

/**
 * The error as one with a code of the catalogue, which says what to check. Its message goes to tenants, too, so it names no
 * address. Errors that are not the store's stay as they are.
 */
export function toStoreError(error: unknown): unknown {
  const words = wordsOf(error);
  const code = error instanceof BlobStoreError ? null : codeOf(words);
  if (code === null) return error;
  const reason =
    words.find((word) => !/^(Error|AggregateError|UnknownError)$/.test(word)) ?? 'no reason given';
  return new BlobStoreError(code, `The blob store ${SAYS[code]} (${reason}).`, { cause: error });
}

function codeOf(words: readonly string[]): OutageCode | null {
  const has = (names: readonly string[]) => names.some((name) => words.includes(name));
  if (has(NO_BUCKET)) return 'storage_no_bucket';
  if (has(FULL)) return 'storage_full';
  if (has(DENIED)) return 'storage_denied';
  if (words.some((word) => UNREACHABLE.test(word))) return 'storage_unreachable';
  return words.some((word) => /^[34]\d\d$/.test(word)) ? 'storage_failing' : null;
}

/** Names and codes of an error and of those that it wraps, which say the same in different places. */
function wordsOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 3) return [];
  const { name, code, Code, $metadata } = error as Failure;
  const own = [name, code, Code, $metadata?.httpStatusCode].filter((word) => word !== undefined).map(String);
  const causes = error instanceof AggregateError ? error.errors : [(error as { cause?: unknown }).cause];
  return [...own, ...causes.flatMap((cause) => wordsOf(cause, depth + 1))];
}
