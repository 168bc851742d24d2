import { type components, createClient, StrataProblem } from '../../client/src/index.js';

export type Schemas = components['schemas'];

const KEY = 'strata-api-key';

/** The key of this tab. It is gone when the tab is closed. */
export function savedKey(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Uses another key, or none, from now on. */
export function switchKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
  // Everything on the page belongs to the old key.
  location.reload();
}

/** The server that sent this page. */
export const strata = createClient({ url: location.origin, apiKey: savedKey() ?? undefined });

/** Whether a later try may succeed: the server was not reached, or could not answer now. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof StrataProblem) || error.status >= 500 || error.status === 429;
}

export function needsKey(error: unknown): boolean {
  return error instanceof StrataProblem && (error.status === 401 || error.code === 'foreign_caller');
}

/** Saves an artifact as a file. It is fetched here because a link could not send the key. */
export async function saveArtifact(id: string): Promise<void> {
  const artifact = await strata.artifacts.get(id);
  const bytes = await strata.artifacts.download(artifact);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: artifact.media_type }));
  link.download = artifact.name.split('/').at(-1) ?? artifact.name;
  link.click();
  URL.revokeObjectURL(link.href);
}
