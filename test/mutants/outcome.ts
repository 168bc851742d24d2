import { spawn } from 'node:child_process';
import { TEST_OPTIONS } from '../support/prepare.js';
import type { NamedTest } from './mutant.js';

/** Outcomes of the named tests of a test file. */
export interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** End of a process that did not report on its tests: a file that cannot be loaded catches nothing. */
  readonly broke: string | null;
}

const TIMEOUT_MS = 10 * 60_000;
/** Lines of what a broken file printed that are shown. */
const SHOWN_LINES = 12;

/** Runs the tests of `file` whose names contain one of `tests`, below `root`. */
export async function runTests(root: string, file: string, tests: readonly string[]): Promise<Outcome> {
  const pattern = tests.map((test) => test.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|');
  const options = [...TEST_OPTIONS, '--test-reporter=tap', `--test-name-pattern=${pattern}`];
  const { code, output } = await execute(root, [...options, file]);
  const results = [...output.matchAll(/^ *(not )?ok \d+ - (.*)$/gm)]
    .map(([, not, name]) => ({ failed: not !== undefined, name: name!.replaceAll('\\#', '#') }))
    .filter(({ name }) => !/# (SKIP|TODO)/.test(name) && tests.some((test) => name.includes(test)));
  const namesOf = (failed: boolean) => results.filter((one) => one.failed === failed).map(({ name }) => name);
  const broke =
    results.length > 0 ? null : `${code}\n${output.trim().split('\n').slice(-SHOWN_LINES).join('\n')}`;
  return { passed: namesOf(false), failed: namesOf(true), broke };
}

/** Whether the outcome is that of the named test failing. */
export function isCaught({ failed }: Outcome, { test }: NamedTest): boolean {
  return failed.some((name) => name.includes(test));
}

/** Why named tests that ran on the code as it is cannot tell a fault; null where all of them passed. */
export function baselineProblem({ passed, failed, broke }: Outcome, tests: readonly string[]): string | null {
  if (broke !== null) return `none of its tests ran: ${broke}`;
  if (failed.length > 0) return `fails without a fault: ${failed.join('; ')}`;
  const absent = tests.filter((test) => !passed.some((name) => name.includes(test)));
  return absent.length > 0 ? `did not run: ${absent.join('; ')}` : null;
}

function execute(cwd: string, args: readonly string[]): Promise<{ code: string; output: string }> {
  // Within a test run it would make Node report in another form.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: `exit ${code ?? signal}`, output }));
  });
}
