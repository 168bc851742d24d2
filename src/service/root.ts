import { fileURLToPath } from 'node:url';

/** The checkout this code lies in. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
