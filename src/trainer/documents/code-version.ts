import { readFileSync } from 'node:fs';

const ROOT = new URL('../../../', import.meta.url);

/** Version of the running code, with the commit if it runs from a checkout. */
export function codeVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
  const commit = readCommit(new URL('.git/', ROOT));
  return commit ? `strata ${version}, commit ${commit}` : `strata ${version}`;
}

/** Null if there is no repository, or if its head is stored elsewhere. */
function readCommit(repository: URL): string | null {
  try {
    const head = readFileSync(new URL('HEAD', repository), 'utf8').trim();
    const branch = /^ref: (.+)$/.exec(head)?.[1];
    const commit = branch ? readFileSync(new URL(branch, repository), 'utf8').trim() : head;
    return /^[0-9a-f]{40}$/.test(commit) ? commit : null;
  } catch {
    return null;
  }
}
