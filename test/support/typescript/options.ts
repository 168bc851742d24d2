/** Options of Node for a process of TypeScript in tests. */
export const TYPESCRIPT = ['--import', new URL('register.mjs', import.meta.url).href];
