/** BullMQ needs commands of this version. Valkey counts as the Redis that it branched off. */
const OLDEST = [6, 2] as const;

export function isSupportedRedis(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
