import { fileURLToPath } from 'node:url';
import { TYPESCRIPT } from './typescript/options.js';

/** Set by `npm test` when src/ is compiled: processes of the service then run as users run them, without TypeScript. */
export const COMPILED = 'TESTS_RUN_COMPILED';

/** A file that Node can run, and the options for it. */
export interface Runnable {
  readonly path: string;
  readonly execArgv: readonly string[];
}

/** @param module path below src/ */
export function serviceModule(module: string): Runnable {
  const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  if (process.env[COMPILED] === undefined || module.startsWith('..'))
    return { path: at(`src/${module}`), execArgv: TYPESCRIPT };
  return { path: at(`dist/${module.replace(/\.ts$/, '.js')}`), execArgv: [] };
}
