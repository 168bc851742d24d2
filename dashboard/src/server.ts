import { type components, createClient, StrataProblem } from '../../client/src/index.js';

export type Schemas = components['schemas'];

/** The server that sent this page. The browser adds the cookie of its session. */
export const strata = createClient({ url: location.origin });

/** Begins a session with this key. @throws StrataProblem */
export async function signIn(key: string): Promise<void> {
  await createClient({ url: location.origin, apiKey: key }).session.create();
  startAgain();
}

export async function signOut(): Promise<void> {
  await strata.session.end();
  startAgain();
}

/** Everything on the page belongs to another caller. */
function startAgain(): void {
  location.reload();
}

/** Whether a later try may succeed: the server was not reached, or could not answer now. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof StrataProblem) || error.status >= 500 || error.status === 429;
}

export function needsKey(error: unknown): boolean {
  return error instanceof StrataProblem && (error.status === 401 || error.code === 'foreign_caller');
}

/** Address at which the browser saves an artifact. */
export const downloadOf = (artifactId: string): string => `/artifacts/${artifactId}/content`;
