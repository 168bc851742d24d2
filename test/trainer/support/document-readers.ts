import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec } from '../../../src/provision/exec.js';
import { pythonPackages } from '../../support/python-packages.js';
import type { Exported } from './exported-model.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Contents that huggingface_hub and TensorBoard read from the documents of a job. */
export interface ReadDocuments {
  readonly card: {
    readonly license: string | null;
    readonly library_name: string | null;
    readonly datasets: readonly string[];
    readonly tags: readonly string[];
    readonly model_name: string;
    readonly results: readonly (readonly [dataset: string, split: string, metric: string, value: number])[];
  };
  readonly scalars: Readonly<Record<string, readonly (readonly [step: number, value: number, at: number])[]>>;
}

/** Puts every artifact where its name says, as a user who downloads them does. */
export async function download(exported: Exported, folder: string): Promise<void> {
  for (const name of exported.artifacts.keys()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), await exported.file(name));
  }
}

export async function readDocuments(folder: string): Promise<ReadDocuments> {
  const script = here('../documents/read_documents.py');
  return JSON.parse(await exec('python3', [script], await pythonIn(folder))) as ReadDocuments;
}

/** Runs Python code in a folder that holds the artifacts. @returns its output */
export async function runPython(code: string, folder: string): Promise<string> {
  return exec('python3', ['-c', code], await pythonIn(folder));
}

async function pythonIn(cwd: string) {
  const PYTHONPATH = await pythonPackages('documents', here('../requirements.txt'));
  return { cwd, env: { ...process.env, PYTHONPATH } };
}

/** The code blocks of one language in a Markdown text. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]+?)\`\`\``, 'g'))].map(
    ([, code]) => code!,
  );
}
