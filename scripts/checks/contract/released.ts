import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject } from '../../../src/api/openapi.js';
import { ROOT } from '../../../src/service/root.js';
import { contractChanges } from './contract-changes.js';

export const CONTRACT_FILE = join(ROOT, 'openapi/openapi.yaml');
/** The contract that clients were last promised; `node --import tsx scripts/release-contract.ts` renews it. */
export const RELEASED_FILE = join(ROOT, 'openapi/released.yaml');

/** Breaking changes need a new version. Returns one line for each breaking change without one. */
export async function checkReleased(): Promise<string[]> {
  const [released, contract] = await Promise.all([RELEASED_FILE, CONTRACT_FILE].map(read));
  return unannounced(released!, contract!);
}

/** The breaking changes of a contract whose `info.version` did not rise. */
export function unannounced(released: JsonObject, contract: JsonObject): string[] {
  const changes = contractChanges(released, contract);
  if (changes.length === 0 || isAbove(versionOf(contract), versionOf(released))) return [];
  return [
    'these changes break clients; raise info.version of openapi/openapi.yaml, or take them back:',
    ...changes,
  ];
}

async function read(file: string): Promise<JsonObject> {
  return parse(await readFile(file, 'utf8'));
}

function versionOf({ info }: JsonObject): number[] {
  return (info as { version: string }).version.split('.').map(Number);
}

function isAbove(version: readonly number[], other: readonly number[]): boolean {
  const differing = version.findIndex((part, index) => part !== other[index]);
  return differing >= 0 && version[differing]! > (other[differing] ?? 0);
}
