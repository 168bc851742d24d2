import { fileURLToPath } from 'node:url';

/** The checkout that contains this code. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
