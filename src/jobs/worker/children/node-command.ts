import { fileURLToPath } from 'node:url';

/**
 * Node's flags of trainers: at most this many megabytes for young objects, in place of 16. Those of a step are few, and the space
 * grows to three times as much before it is collected (docs/performance.md, "What plans say of memory").
 */
export const TRAINER_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/**
 * The command that runs a module. TypeScript runs with tsx, which stays in the same process; compiled code runs
 * with Node alone.
 * @param flags of Node
 */
export function nodeCommand(file: string, flags: readonly string[] = []): string[] {
  const loader = file.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...flags, ...loader, file];
}

/**
 * @param module a file in src/. @returns its path, or the path of its compiled version if this process runs
 * compiled code
 */
export function moduleFile(module: string): string {
  const runs = import.meta.url.endsWith('.ts') ? module : module.replace(/\.ts$/, '.js');
  return fileURLToPath(new URL(`../../../${runs}`, import.meta.url));
}
