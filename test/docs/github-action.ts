import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { CommandError, exec } from '../../src/provision/exec.js';
import { blocksOf } from './blocks.js';

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly jobs: {
    readonly train: { readonly steps: readonly Step[]; readonly env: Record<string, string> };
  };
}

/** End of a run of the workflow. */
export interface Ran {
  /** Whether the check of the pull request is green. */
  readonly succeeded: boolean;
  /** Arguments of `gh`, and the text of the comment. */
  readonly comment: string;
}

/**
 * Runs the steps of docs/github-action.md as a runner does, in an empty folder: those of its own shell, one after another, and
 * after a failure those that always run. `gh` is a stand-in that keeps the comment.
 * @param python folder of a `python` with the package: the step `Install` would bring it
 * @param spec instead of the page's own `strata.json`
 */
export async function runWorkflow(
  folder: string,
  python: string,
  env: NodeJS.ProcessEnv,
  spec?: object,
): Promise<Ran> {
  const blocks = await blocksOf('docs/github-action.md');
  const [workflow, script, own] = ['yaml', 'python', 'json'].map(
    (language) => blocks.find((block) => block.language === language)?.code ?? assert.fail(language),
  ) as [string, string, string];
  await put(join(folder, '.github/train.py'), script);
  await put(join(folder, 'strata.json'), spec === undefined ? own : JSON.stringify(spec));
  await put(join(folder, 'bin/gh'), '#!/bin/sh\necho "$@" > "$OUT/gh"\ncat "$5" >> "$OUT/gh"\n');
  await chmod(join(folder, 'bin/gh'), 0o755);
  const { steps, env: given } = (parse(workflow) as Workflow).jobs.train;
  assert.deepEqual(Object.keys(given), ['STRATA_URL', 'STRATA_API_KEY']);
  assert.deepEqual(
    steps.map(({ name }) => name),
    [undefined, 'Install', 'Train', 'Comment'],
  );
  const github = { GITHUB_SHA: 'f00d', GITHUB_RUN_ID: folder, GITHUB_RUN_ATTEMPT: '1', PULL_REQUEST: '7' };
  const PATH = `${join(folder, 'bin')}:${python}:${process.env.PATH}`;
  const everything = { ...env, ...github, PATH, OUT: folder, PYTHONDONTWRITEBYTECODE: '1' };
  let succeeded = true;
  for (const { name, run, if: condition } of steps) {
    if (run === undefined || name === 'Install' || (!succeeded && condition !== 'always()')) continue;
    succeeded = (await shell(run, folder, everything)) && succeeded;
  }
  return { succeeded, comment: await readFile(join(folder, 'gh'), 'utf8') };
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** As GitHub runs a step: `bash -e`. @returns whether it succeeded */
async function shell(run: string, cwd: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    await exec('bash', ['-e', '-c', run], { cwd, env });
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
