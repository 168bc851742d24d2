const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first attempt, the second, ...: ten attempts within about two days. */
const PAUSES_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  1 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
];

/**
 * Pause after `attempts` attempts, or null after the last one. Each pause is 0.5 to 1.5 times its nominal length,
 * so that a recovered receiver does not get all retries at once.
 */
export function retryPauseMs(attempts: number, random: () => number): number | null {
  const pause = PAUSES_MS[attempts - 1];
  return pause === undefined ? null : pause * (0.5 + random());
}

/**
 * The pause that a `Retry-After` header asks for: seconds, or an HTTP date (RFC 9110, 10.2.3).
 * @returns null where there is none, or it cannot be read
 */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * SECOND_MS;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}
