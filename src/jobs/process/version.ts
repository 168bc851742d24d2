import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Version of this service. */
export const STRATA_VERSION = version;

/**
 * Whether a worker may take tasks from a dispatcher: of its own version, patches aside, or of the next one, so that
 * dispatchers can be updated before their workers.
 */
export function isSupportedBy(dispatcher: string, worker: string): boolean {
  const [[major, minor], [ownMajor, ownMinor]] = [partsOf(dispatcher), partsOf(worker)];
  if (major === ownMajor) return minor === ownMinor || minor === ownMinor + 1;
  return major === ownMajor + 1 && minor === 0;
}

function partsOf(version: string): [major: number, minor: number] {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  return [Number(major), Number(minor)];
}

/** @throws Error if one of these dispatchers has a version for which this worker is too old or too new */
export function requireSupportedBy(dispatchers: readonly string[], worker = STRATA_VERSION): void {
  const other = dispatchers.find((version) => !isSupportedBy(version, worker));
  if (other === undefined) return;
  throw new Error(
    `This worker has version ${worker}, the dispatcher has version ${other}. A worker works with dispatchers of its own version and of the next one: update the older of the two.`,
  );
}
