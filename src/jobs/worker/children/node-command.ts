import { fileURLToPath } from 'node:url';

/**
 * The command that runs a module. TypeScript runs with tsx, which stays in the same process; compiled code runs
 * with Node alone.
 */
export function nodeCommand(file: string): string[] {
  const loader = file.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, file];
}

/**
 * @param module a file in src/. @returns its path, or the path of its compiled version if this process runs
 * compiled code
 */
export function moduleFile(module: string): string {
  const runs = import.meta.url.endsWith('.ts') ? module : module.replace(/\.ts$/, '.js');
  return fileURLToPath(new URL(`../../../${runs}`, import.meta.url));
}
