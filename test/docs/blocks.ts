import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../src/service/root.js';

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** Page and first line: the name of the block in lists. */
  readonly name: string;
}

/** Address of the service in all examples. */
export const ADDRESS = 'http://127.0.0.1:3000';

/** README.md and all pages of docs. */
export async function readPages(): Promise<string[]> {
  const names = await readdir(join(ROOT, 'docs'), { recursive: true });
  return ['README.md', ...names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)].sort();
}

export async function blocksOf(page: string): Promise<Block[]> {
  return blocksIn(page, await readFile(join(ROOT, page), 'utf8'));
}

export function blocksIn(page: string, markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    page,
    language,
    code,
    name: `${page}: ${code.split('\n', 1)[0]}`.slice(0, 90),
  }));
}

/** The line of the README by which curl sends the key of the reader. */
export async function curlWithKey(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, line] = /^`(curl\(\) \{ .* \})`$/m.exec(readme) ?? [];
  if (!line) throw new Error('the README says how curl sends a key');
  return line;
}
