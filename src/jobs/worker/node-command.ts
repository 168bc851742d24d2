import { fileURLToPath } from 'node:url';

/** The command that runs a module: TypeScript by tsx, which stays in the process, and what is compiled by Node alone. */
export function nodeCommand(file: string): string[] {
  const loader = file.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, file];
}

/** @param module below src/, without its ending. @returns its file, compiled where this process runs compiled code */
export function moduleFile(module: string): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../${module}.${ending}`, import.meta.url));
}
