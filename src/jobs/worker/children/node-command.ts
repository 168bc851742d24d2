import { fileURLToPath } from 'node:url';

/** The command that runs a module: TypeScript by tsx, which stays in the process, and what is compiled by Node alone. */
export function nodeCommand(file: string): string[] {
  const loader = file.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, file];
}

/** @param module a file below src/. @returns where it lies, compiled where this process runs compiled code */
export function moduleFile(module: string): string {
  const runs = import.meta.url.endsWith('.ts') ? module : module.replace(/\.ts$/, '.js');
  return fileURLToPath(new URL(`../../../${runs}`, import.meta.url));
}
